// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the case that a test method is, where a reproducer has several: its id is the reproducer's, a slash and this. The invocations
 * of a parameterised test are cases by their display names and need no annotation.
 *
 * <pre>{@code
 * class InTask {
 *     @Case("in-task")
 *     @Test
 *     void droppedInTask(BpfObject bpf) throws IOException {
 *         bpf.program("in_task").runOn(0);
 *     }
 * }
 * }</pre>
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Case {

    /** Lower-case words joined by hyphens, stable for ever. */
    String value();
}
