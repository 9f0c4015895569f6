// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares what a reproducer needs of a kernel. A kernel without it is UNSUPPORTED.
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

    /** The cases that need it, see {@link Case}; empty for all. */
    String[] cases() default {};

    /**
     * Kernel functions that its programs call. For alternatives, {@code "bpf_new|bpf_old"}, one is enough, and the
     * source is compiled with {@code HAS_bpf_new} or {@code HAS_bpf_old} defined for those that the kernel has.
     */
    String[] kfuncs() default {};

    /**
     * Functions that its programs attach to, with alternatives as in {@link #kfuncs}. The kernel's symbol table counts, too: a kprobe
     * takes functions that its BTF does not have, such as {@code finish_task_switch.isra.0}.
     */
    String[] functions() default {};

    /** Boot parameters, separated by spaces. */
    String boot() default "";

    /** Several needs; a case has all that apply to it. */
    @Documented
    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @interface All {
        Needs[] value();
    }
}
