// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two programs call a kfunc that no kernel has. */
#include "annotate.h"

char _license[] SEC("license") = "GPL";

extern int bpf_kfunc_of_tomorrow(void) SEC(".ksyms");

SEC("tc") __success __retval(3)
int calls_nothing(void *context)
{
	return 3;
}

SEC("tc") __success
int calls_it(void *context)
{
	return bpf_kfunc_of_tomorrow();
}

SEC("tc") __failure
int is_to_be_refused_and_calls_it(void *context)
{
	return bpf_kfunc_of_tomorrow();
}

SEC("tc") __failure __msg("R1 invalid mem access 'scalar'")
int is_refused_before(void *context)
{
	return *(volatile int *)7 + bpf_kfunc_of_tomorrow();
}
