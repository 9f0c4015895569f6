// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Skips a test, or all tests of a class, on kernels of other versions, with the reason. The report lists such a run as
 * UNSUPPORTED.
 *
 * <p>If the kernel lacks something that has a name, prefer {@link Needs}: backports make versions unreliable.
 *
 * <pre>{@code
 * class Streams {
 *     @EnabledOnKernel(value = "[6.17,)", because = "no BPF streams")
 *     @Test
 *     void reads(BpfObject bpf) throws IOException {
 *         assertThat(bpf.program("count").stream(BpfStream.STDERR)).isEmpty();
 *     }
 * }
 * }</pre>
 */
@Documented
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
public @interface EnabledOnKernel {

    /**
     * Kernel versions as an interval: {@code [6.17,)}, {@code [6.1,6.12)}. Compared is the version of the upstream sources: 6.1.192 for
     * Debian's 6.1.0-56.
     */
    String value();

    /** What the other kernels lack, in one line. */
    String because() default "";
}
