// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.junit.internal.ReproducerExtension;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Marks a test class that leads a kernel into one named misbehaviour. Each test method is an experiment on its own
 * machine. The verdict is reached from outside after the method, and the test passes if the verdict is the expected
 * one. The class gets the tag {@code machine}.
 *
 * <pre>{@code
 * @Reproducer(
 *         id = "nmi-while-opening",
 *         bpf = "nmi_while_opening.bpf.c",
 *         shows = "an NMI in the middle of opening a file",
 *         seed = "the subject of the thread that it comes from")
 * @Expect(verdict = CLEAN, because = "the program does nothing but count")
 * class NmiWhileOpening {
 *     @Test
 *     void nmiWhileAFileIsOpened(Machine machine, BpfObject bpf) throws IOException {
 *         bpf.program("on_nmi").attach();
 *         machine.controls().atLeast("handled", bpf.global("handled"), 1);
 *         machine.churn(0);
 *         machine.nmi().aimAt("path_openat").on(0).fire();
 *     }
 * }
 * }</pre>
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("machine")
@ExtendWith(ReproducerExtension.class)
public @interface Reproducer {

    /** The id: lower-case words joined by hyphens, never changed later. */
    String id();

    /** The BPF C file, a resource next to the class. */
    String bpf();

    /** What it shows, in one line. */
    String shows();

    /** The subject of the mailing-list thread that it comes from. */
    String seed();
}
