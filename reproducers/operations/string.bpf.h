/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to strings of the kernel's memory. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#if defined(VARIANT_compare)
int bpf_strcmp(const char *one, const char *other) __ksym __weak;
int bpf_strlen(const char *text) __ksym __weak;
int bpf_strnlen(const char *text, size_t most) __ksym __weak;
int bpf_strcasecmp(const char *one, const char *other) __ksym __weak;
#else
int bpf_strchr(const char *text, char c) __ksym __weak;
int bpf_strchrnul(const char *text, char c) __ksym __weak;
int bpf_strnchr(const char *text, size_t most, char c) __ksym __weak;
int bpf_strrchr(const char *text, int c) __ksym __weak;
int bpf_strspn(const char *text, const char *accepted) __ksym __weak;
int bpf_strcspn(const char *text, const char *refused) __ksym __weak;
int bpf_strstr(const char *text, const char *part) __ksym __weak;
int bpf_strnstr(const char *text, const char *part, size_t most) __ksym __weak;
#endif

char text[] = "ksplat";
char same[] = "ksplat";

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
	long result = 0;

#if defined(VARIANT_compare)
	result |= bpf_strcmp(text, same) != 0;
	result |= bpf_strlen(text) != 6;
	result |= bpf_strnlen(text, 3) != 3;
	result |= bpf_strcasecmp(text, same) != 0;
#else
	result |= bpf_strchr(text, 's') != 1;
	result |= bpf_strchrnul(text, 's') != 1;
	result |= bpf_strnchr(text, 6, 's') != 1;
	result |= bpf_strrchr(text, 's') != 1;
	result |= bpf_strspn(text, "sk") != 2;
	result |= bpf_strcspn(text, "p") != 2;
	result |= bpf_strstr(text, "plat") != 2;
	result |= bpf_strnstr(text, "plat", 6) != 2;
#endif
	return result;
}
