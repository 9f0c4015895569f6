// SPDX-License-Identifier: Apache-2.0
/**
 * libbpf through JNA: BPF objects, BTF, Java values to and from their bytes, vmlinux.h, and the compiler that makes the objects. Knows
 * no other room.
 *
 * <p>What opens and inspects hands out plain immutable data, safe to share between threads: every native handle is freed before the
 * call that made it returns. What runs in this kernel ({@code Running...}) has to be closed, and refuses to be used afterwards.
 */
@NullMarked
package io.ksplat.libbpf;

import org.jspecify.annotations.NullMarked;
