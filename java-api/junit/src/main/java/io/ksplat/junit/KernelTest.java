// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.junit.internal.MachineLock;
import io.ksplat.junit.internal.ReproducerExtension;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Runs the ordinary tests of a class in a machine with a kernel of their own. Each method gets a pristine machine and
 * makes its own assertions. After it, the machine is checked from outside: a splat of the kernel fails the test, even
 * if the method passed.
 *
 * <pre>{@code
 * @KernelTest(bpf = "counter.bpf.c")
 * @Kernels({"debian:6.12", "debian:7.2"})
 * class CounterTest {
 *     @Test
 *     void counts(BpfObject bpf) throws IOException {
 *         bpf.program("count").run();
 *         assertThat(bpf.global("runs").get()).isEqualTo(1);
 *     }
 * }
 * }</pre>
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ReproducerExtension.class)
@ResourceLock(providers = MachineLock.class)
public @interface KernelTest {

    /** The BPF C file that is loaded before each method, a resource next to the class; empty for none. */
    String bpf() default "";

    /** Which tests share a machine. */
    MachinePer machine() default MachinePer.METHOD;

    /** Which tests share a machine. */
    enum MachinePer {
        /** None: each method starts on a pristine machine. */
        METHOD,

        /**
         * The methods of the class, one after the other, in JUnit's order. The BPF objects and processes of a method
         * end with it; all other changes to the machine stay. After a method that failed, the next one starts on a
         * pristine machine. What the kernel reports between two methods fails the first or, if it comes later, the
         * second.
         */
        CLASS
    }
}
