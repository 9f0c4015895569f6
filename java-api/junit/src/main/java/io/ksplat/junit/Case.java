// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the case that a test method runs, if a reproducer has several. The full id is the reproducer's id, a slash and
 * this name. The invocations of a parameterised test are cases by their display names and need no annotation.
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

    /** The name: lower-case words joined by hyphens, never changed later. */
    String value();
}
