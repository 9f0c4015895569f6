/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sections in which a program may not be moved or interrupted. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#if defined(VARIANT_rcu)
void bpf_rcu_read_lock(void) __ksym __weak;
void bpf_rcu_read_unlock(void) __ksym __weak;
#elif defined(VARIANT_preempt)
void bpf_preempt_disable(void) __ksym __weak;
void bpf_preempt_enable(void) __ksym __weak;
#else
void bpf_local_irq_save(unsigned long *flags) __ksym __weak;
void bpf_local_irq_restore(unsigned long *flags) __ksym __weak;
#endif

u64 entered;

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(VARIANT_rcu)
	bpf_rcu_read_lock();
	entered++;
	bpf_rcu_read_unlock();
#elif defined(VARIANT_preempt)
	bpf_preempt_disable();
	entered++;
	bpf_preempt_enable();
#else
	unsigned long flags;

	bpf_local_irq_save(&flags);
	entered++;
	bpf_local_irq_restore(&flags);
#endif
	return 0;
}
