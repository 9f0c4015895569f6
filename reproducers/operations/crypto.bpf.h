/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The use of a cipher that a map holds. Define VARIANT_* before including it. */
#include "operation.bpf.h"

struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *params, u32 params__sz, int *err) __ksym __weak;
struct bpf_crypto_ctx *bpf_crypto_ctx_acquire(struct bpf_crypto_ctx *cipher) __ksym __weak;
void bpf_crypto_ctx_release(struct bpf_crypto_ctx *cipher) __ksym __weak;
int bpf_crypto_encrypt(struct bpf_crypto_ctx *cipher, const struct bpf_dynptr *from, const struct bpf_dynptr *to,
		       const struct bpf_dynptr *iv) __ksym __weak;
int bpf_crypto_decrypt(struct bpf_crypto_ctx *cipher, const struct bpf_dynptr *from, const struct bpf_dynptr *to,
		       const struct bpf_dynptr *iv) __ksym __weak;
void bpf_rcu_read_lock(void) __ksym __weak;
void bpf_rcu_read_unlock(void) __ksym __weak;

struct cipher_slot {
	struct bpf_crypto_ctx __kptr *cipher;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cipher_slot);
} map SEC(".maps");

char plain[16];
char secret[2][16];
int error;

static __always_inline long prepare(void)
{
	struct bpf_crypto_params params = {
		.type = "skcipher",
		.algo = "ecb(aes)",
		.key_len = 16,
	};
	struct bpf_crypto_ctx *cipher;
	struct cipher_slot *slot;
	u32 zero = 0;

	slot = bpf_map_lookup_elem(&map, &zero);
	if (!slot)
		return -1;
	cipher = bpf_crypto_ctx_create(&params, sizeof(params), &error);
	if (!cipher)
		return error;
	cipher = bpf_kptr_xchg(&slot->cipher, cipher);
	if (cipher)
		bpf_crypto_ctx_release(cipher);
	return 0;
}

static __always_inline long use(struct bpf_crypto_ctx *cipher, u32 turn)
{
#if defined(VARIANT_acquire)
	cipher = bpf_crypto_ctx_acquire(cipher);
	if (!cipher)
		return -1;
	bpf_crypto_ctx_release(cipher);
	return 0;
#else
	struct bpf_dynptr from, to;

	bpf_dynptr_from_mem(plain, sizeof(plain), 0, &from);
	if (turn < FIRST_NMI_TURN)
		bpf_dynptr_from_mem(secret[0], sizeof(secret[0]), 0, &to);
	else
		bpf_dynptr_from_mem(secret[1], sizeof(secret[1]), 0, &to);
#if defined(VARIANT_encrypt)
	return bpf_crypto_encrypt(cipher, &from, &to, NULL);
#else
	return bpf_crypto_decrypt(cipher, &from, &to, NULL);
#endif
#endif
}

static __always_inline long operation(void *ctx, u32 turn)
{
	struct bpf_crypto_ctx *cipher;
	struct cipher_slot *slot;
	u32 zero = 0;
	long result = -2;

	slot = bpf_map_lookup_elem(&map, &zero);
	if (!slot)
		return -1;
	bpf_rcu_read_lock();
	cipher = slot->cipher;
	if (cipher)
		result = use(cipher, turn);
	bpf_rcu_read_unlock();
	return result;
}
