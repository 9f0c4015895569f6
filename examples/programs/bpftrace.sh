#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ksplat: root=debian+bpftrace memory=1G lasts=120s reaches=vfs_unlink
# A one-liner sees the one file that the command removes.
touch /tmp/file
bpftrace -e 'kprobe:vfs_unlink { printf("unlink\n"); }' -c '/bin/rm /tmp/file' | grep -q unlink
