// SPDX-License-Identifier: Apache-2.0
/**
 * libbpf through JNA: BPF objects, BTF, vmlinux.h, and the compiler that makes the objects. Knows no other room.
 *
 * <p>What this package hands out is plain immutable data, safe to share between threads: every native handle is freed
 * before the call that made it returns, so there is nothing to close and nothing to use after closing.
 */
@NullMarked
package io.ksplat.libbpf;

import org.jspecify.annotations.NullMarked;
