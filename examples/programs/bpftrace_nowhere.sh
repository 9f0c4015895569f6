#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ksplat: root=debian+bpftrace memory=1G lasts=120s reaches=vfs_unlink expect=inconclusive
# A one-liner for a function that no kernel has.
touch /tmp/file
bpftrace -e 'kprobe:vfs_unlink_of_tomorrow { printf("unlink\n"); }' -c '/bin/rm /tmp/file' | grep -q unlink
