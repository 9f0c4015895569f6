/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a program prints on its own streams. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#define STDERR 2

#if defined(VARIANT_print_stack)
int bpf_stream_print_stack(int stream) __ksym __weak;
#elif defined(HAS_bpf_stream_vprintk)
int bpf_stream_vprintk(int stream, const char *format, const void *values, u32 size) __ksym __weak;
#define PRINT bpf_stream_vprintk(STDERR, format, values, sizeof(values))
#else
/* The verifier sets the last argument. */
int bpf_stream_vprintk_impl(int stream, const char *format, const void *values, u32 size, void *aux) __ksym __weak;
#define PRINT bpf_stream_vprintk_impl(STDERR, format, values, sizeof(values), NULL)
#endif

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(VARIANT_print_stack)
	return bpf_stream_print_stack(STDERR);
#else
	static const char format[] = "turn %d";
	u64 values[] = { turn };

	return PRINT;
#endif
}
