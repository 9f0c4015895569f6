#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ksplat: modules=veth reaches=veth_xmit
# Two ends of a cable, one in a network namespace of its own.
set -e
# busybox names no peer: the kernel calls it veth0.
ip link add left type veth
ip link set veth0 name right
ip link set left up
ip addr add 10.9.9.1/24 dev left
unshare -n sh -c 'until ip addr add 10.9.9.2/24 dev right 2>/dev/null; do :; done; ip link set right up; exec sleep 60' &
other=$!
# Until the other process has its own namespace, it is the first one's.
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
ip link set right netns $other
ping -c 2 -W 5 10.9.9.2
kill $other
