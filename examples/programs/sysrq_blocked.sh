#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ksplat: reaches=sysrq_handle_showstate_blocked
# The list of blocked tasks: many backtraces on the console, and none of them of a bug.
echo w >/proc/sysrq-trigger
