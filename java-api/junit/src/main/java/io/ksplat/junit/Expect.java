// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares the verdict on stock kernels of a range. A kernel that no range covers is expected to be UNSUPPORTED; {@code
 * --expect} overrides this.
 *
 * <p>An expectation judges a verdict and takes no part in reaching it.
 *
 * <pre>{@code
 * @Expect(verdict = CLEAN, cases = "in-task", kernels = "[6.3,)", because = "no lock is held where it drops")
 * @Expect(verdict = DEADLOCK, kernels = "[6.3,)", because = "bpf_task_release() calls call_rcu() in any context")
 * class WithItsOpposite {}
 *
 * @Expect(verdict = REJECTED, message = "R1 must be referenced or trusted")
 * class Refused {}
 * }</pre>
 */
@Documented
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Repeatable(Expect.All.class)
public @interface Expect {
    Verdict verdict();

    /**
     * Kernel versions as an interval: {@code [6.3,)}, {@code [6.1,6.12)}. Compared is the version of the upstream sources: 6.1.192 for
     * Debian's 6.1.0-56.
     */
    String kernels() default "[0,)";

    /** The cases that it applies to, see {@link Case}; empty for all. */
    String[] cases() default {};

    /**
     * Words that the verifier's message or log has, for {@code REJECTED} alone: a program that is refused for another reason is not as
     * expected. Without it any refusal of a program of the reproducer's own BPF C file is as expected, and a refusal of a program that its
     * method loads beside that, such as a tracer, is not.
     */
    String message() default "";

    /** The reason, in one line. */
    String because() default "";

    /** Several expectations; the first that covers the kernel counts. */
    @Documented
    @Target({ElementType.TYPE, ElementType.METHOD})
    @Retention(RetentionPolicy.RUNTIME)
    @interface All {
        Expect[] value();
    }
}
