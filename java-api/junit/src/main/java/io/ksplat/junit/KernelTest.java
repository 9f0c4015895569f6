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
 * A class of ordinary tests that have a kernel to themselves. Each method is given a pristine machine; it asserts what it likes, and
 * after it the machine is looked at from outside: a kernel that splatted fails the test, whatever the method says.
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

    /** The BPF C file that is loaded before each method, a resource beside the class; empty: none. */
    String bpf() default "";

    /** Who shares a machine. */
    MachinePer machine() default MachinePer.METHOD;

    /** Who shares a machine. */
    enum MachinePer {
        /** Nobody: each method begins on a machine that nothing has happened to. */
        METHOD,

        /**
         * The methods of the class, one after the other, in JUnit's order. BPF objects and processes of a method end with it, all else
         * that it did to the machine stays. After a method that did not end well the next one begins on a pristine machine.
         */
        CLASS
    }
}
