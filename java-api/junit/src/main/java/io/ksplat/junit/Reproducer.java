// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test class that leads a kernel into one named misbehaviour. Each test method is an experiment on a machine of its own; the
 * verdict is reached from outside after the method, and the test is green when it is the expected one. Carries the tag {@code machine}.
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("machine")
@ExtendWith(ReproducerExtension.class)
public @interface Reproducer {

    /** Lower-case words joined by hyphens, stable for ever. */
    String id();

    /** The BPF C file, a resource beside the class. */
    String bpf();

    /** What it shows, in one line. */
    String shows();

    /** Subject of the mailing-list thread that it comes from. */
    String seed();
}
