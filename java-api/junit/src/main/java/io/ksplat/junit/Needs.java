// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a reproducer needs of a kernel; a kernel without it is UNSUPPORTED.
 *
 * <pre>{@code
 * @Needs(kfuncs = {"bpf_task_from_pid", "bpf_task_release"}, functions = "delayed_put_task_struct", boot = "rcu_nocbs=all")
 * class OnKernelsWithTaskKfuncs {}
 * }</pre>
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Repeatable(Needs.All.class)
public @interface Needs {

    /** The cases that need it, see {@link Case}; none named: all. */
    String[] cases() default {};

    /**
     * Kernel functions that its programs call; of two that are joined, {@code "bpf_new|bpf_old"}, either
     * will do, and the source finds {@code HAS_bpf_new} and {@code HAS_bpf_old} defined where the kernel has them.
     */
    String[] kfuncs() default {};

    /** Functions that its programs attach to; of several that are joined, as {@link #kfuncs}. */
    String[] functions() default {};

    /** Boot parameters, separated by spaces. */
    String boot() default "";

    /** Several of them: all that a case has. */
    @Documented
    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @interface All {
        Needs[] value();
    }
}
