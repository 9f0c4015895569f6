// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Finds the physical address of the agent's memory (Documentation/admin-guide/mm/pagemap.rst). */
#include <fcntl.h>
#include <unistd.h>

#include "agent.h"

#define PAGE_SHIFT	12
#define PAGEMAP_PFN	((1ULL << 55) - 1)
#define PAGEMAP_PRESENT	(1ULL << 63)

uint64_t physical_address(const volatile void *address)
{
	uint64_t entry = 0, at = (uint64_t)address;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), (at >> PAGE_SHIFT) * sizeof(entry)) != sizeof(entry))
		entry = 0;
	close(fd);
	if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_PFN))
		return 0;
	return ((entry & PAGEMAP_PFN) << PAGE_SHIFT) | (at & ((1 << PAGE_SHIFT) - 1));
}
