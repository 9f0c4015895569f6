/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CPU masks that a program allocates itself. Define VARIANT_* before including it. */
#include "operation.bpf.h"

struct bpf_cpumask *bpf_cpumask_create(void) __ksym __weak;
struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *mask) __ksym __weak;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym __weak;
void bpf_cpumask_clear(struct bpf_cpumask *mask) __ksym __weak;
void bpf_cpumask_setall(struct bpf_cpumask *mask) __ksym __weak;
void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *mask) __ksym __weak;
void bpf_cpumask_clear_cpu(u32 cpu, struct bpf_cpumask *mask) __ksym __weak;
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *mask) __ksym __weak;
bool bpf_cpumask_test_and_set_cpu(u32 cpu, struct bpf_cpumask *mask) __ksym __weak;
bool bpf_cpumask_test_and_clear_cpu(u32 cpu, struct bpf_cpumask *mask) __ksym __weak;
u32 bpf_cpumask_first(const struct cpumask *mask) __ksym __weak;
u32 bpf_cpumask_first_zero(const struct cpumask *mask) __ksym __weak;
bool bpf_cpumask_empty(const struct cpumask *mask) __ksym __weak;
bool bpf_cpumask_full(const struct cpumask *mask) __ksym __weak;
bool bpf_cpumask_and(struct bpf_cpumask *to, const struct cpumask *one, const struct cpumask *other) __ksym __weak;
void bpf_cpumask_or(struct bpf_cpumask *to, const struct cpumask *one, const struct cpumask *other) __ksym __weak;
void bpf_cpumask_xor(struct bpf_cpumask *to, const struct cpumask *one, const struct cpumask *other) __ksym __weak;
bool bpf_cpumask_equal(const struct cpumask *one, const struct cpumask *other) __ksym __weak;
bool bpf_cpumask_intersects(const struct cpumask *one, const struct cpumask *other) __ksym __weak;
bool bpf_cpumask_subset(const struct cpumask *one, const struct cpumask *other) __ksym __weak;
void bpf_cpumask_copy(struct bpf_cpumask *to, const struct cpumask *from) __ksym __weak;
#if defined(VARIANT_any)
u32 bpf_cpumask_any_distribute(const struct cpumask *mask) __ksym __weak;
u32 bpf_cpumask_any_and_distribute(const struct cpumask *one, const struct cpumask *other) __ksym __weak;
u32 bpf_cpumask_first_and(const struct cpumask *one, const struct cpumask *other) __ksym __weak;
u32 bpf_cpumask_weight(const struct cpumask *mask) __ksym __weak;
#elif defined(VARIANT_populate)
int bpf_cpumask_populate(struct bpf_cpumask *mask, void *from, size_t from__sz) __ksym __weak;
#endif

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	const struct cpumask *read __attribute__((unused));
	long result = 0;

	if (!mask)
		return -1;
	read = (const struct cpumask *)mask;
#if defined(VARIANT_acquire)
	bpf_cpumask_release(bpf_cpumask_acquire(mask));
#elif defined(VARIANT_bits)
	bpf_cpumask_clear(mask);
	bpf_cpumask_set_cpu(1, mask);
	result |= !bpf_cpumask_test_cpu(1, read);
	result |= bpf_cpumask_first(read) != 1;
	result |= bpf_cpumask_first_zero(read) != 0;
	result |= !bpf_cpumask_test_and_clear_cpu(1, mask);
	result |= bpf_cpumask_test_and_set_cpu(0, mask);
	bpf_cpumask_clear_cpu(0, mask);
	result |= !bpf_cpumask_empty(read);
	bpf_cpumask_setall(mask);
	result |= bpf_cpumask_empty(read);
	bpf_cpumask_full(read);
#elif defined(VARIANT_sets)
	bpf_cpumask_setall(mask);
	result |= !bpf_cpumask_and(mask, read, read);
	bpf_cpumask_or(mask, read, read);
	bpf_cpumask_copy(mask, read);
	result |= !bpf_cpumask_equal(read, read);
	result |= !bpf_cpumask_intersects(read, read);
	result |= !bpf_cpumask_subset(read, read);
	bpf_cpumask_xor(mask, read, read);
#elif defined(VARIANT_any)
	bpf_cpumask_set_cpu(1, mask);
	result |= bpf_cpumask_any_distribute(read) != 1;
	result |= bpf_cpumask_any_and_distribute(read, read) != 1;
	result |= bpf_cpumask_first_and(read, read) != 1;
	result |= bpf_cpumask_weight(read) != 1;
#elif defined(VARIANT_populate)
	u64 bits[16] = { 3 };

	result = bpf_cpumask_populate(mask, bits, sizeof(bits));
#endif
	bpf_cpumask_release(mask);
	return result;
}
