// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TouchedFunctionTest {
    private static List<TouchedFunction> of(String diff) {
        return TouchedFunction.of(diff.lines().toList());
    }

    @Test
    void aHunkIsOfTheFunctionOfItsHead() {
        assertThat(of("""
                        diff --git a/kernel/bpf/helpers.c b/kernel/bpf/helpers.c
                        --- a/kernel/bpf/helpers.c
                        +++ b/kernel/bpf/helpers.c
                        @@ -10 +12,2 @@ __bpf_kfunc void bpf_task_release(struct task_struct *p)
                        -	put_task_struct_rcu_user(p);
                        +	if (!in_nmi())
                        +		put_task_struct_rcu_user(p);
                        @@ -30,2 +32,0 @@ static __printf(1, 2) void say(const char *format, ...)
                        -	one();
                        -	two();
                        @@ -60 +61 @@ SYSCALL_DEFINE3(bpf, int, cmd, bpfptr_t, uattr, unsigned int, size)
                        -	return 0;
                        +	return 1;
                        """))
                .containsExactly(
                        new TouchedFunction("kernel/bpf/helpers.c", "bpf_task_release", 12),
                        new TouchedFunction("kernel/bpf/helpers.c", "say", 32),
                        new TouchedFunction("kernel/bpf/helpers.c", "bpf", 61));
    }

    /** Its lines are not of the function above it. */
    @Test
    void aNewFunctionIsOfItself() {
        assertThat(of("""
                        +++ b/kernel/a.c
                        @@ -10,0 +11,8 @@ static void above(void)
                        +
                        +/*
                        + * Says why.
                        + */
                        +static void below(struct irq_work *work)
                        +{
                        +	free(work);
                        +}
                        """)).containsExactly(new TouchedFunction("kernel/a.c", "below", 15));
    }

    @Test
    void aRenamedFunctionIsOfBothNames() {
        assertThat(of("""
                        +++ b/kernel/a.c
                        @@ -10 +10 @@ static void above(void)
                        -static void old(void)
                        +static void new(void)
                        @@ -20 +20,2 @@ static void new(void)
                        -	x();
                        +	y();
                        ++++ b/kernel/b.c
                        """))
                .containsExactly(
                        new TouchedFunction("kernel/a.c", "old", 10), new TouchedFunction("kernel/a.c", "new", 10));
    }

    @Test
    void whatIsNoFunctionIsNone() {
        assertThat(of("""
                        +++ b/kernel/a.c
                        @@ -1 +1 @@
                        -#include <a.h>
                        +#include <b.h>
                        @@ -10,0 +11 @@ struct a {
                        +	int b;
                        @@ -20,0 +22,2 @@ BTF_KFUNCS_START(generic_btf_ids)
                        +BTF_ID_FLAGS(func, bpf_task_release, KF_RELEASE)
                        +	x
                        @@ -40,0 +44 @@ static struct a b = init(c) {
                        +	.d = 1,
                        @@ -50,0 +55 @@ int declared(void);
                        +	.d = 1,
                        --- a/gone.c
                        +++ /dev/null
                        """)).isEmpty();
    }
}
