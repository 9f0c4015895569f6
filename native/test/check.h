/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts checks. A check that fails is printed, and the others go on. */
#ifndef KSPLAT_CHECK_H
#define KSPLAT_CHECK_H

#include <stdio.h>

static int passed, failed;

#define CHECK(holds, ...) do {						\
	if (holds) {							\
		passed++;						\
	} else {							\
		failed++;						\
		printf("FAILED %s:%d: %s: ", __FILE__, __LINE__, #holds);	\
		printf(__VA_ARGS__);					\
		printf("\n");						\
	}								\
} while (0)

static inline int summary(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}

#endif
