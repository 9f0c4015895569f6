/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

enum phase {
	PHASE_EARLY = -1,
	PHASE_LATE = 5,
};

struct tally {
	u64 count;
	union {
		u32 low;
		__s64 wide;
	};
	unsigned int flag : 3;
	struct task_struct *owner;
	u32 marks[3];
};
