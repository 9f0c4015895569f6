// SPDX-License-Identifier: Apache-2.0
/** libbpf through JNA: BPF objects, BTF, vmlinux.h. Knows no other room. */
@NullMarked
package io.ksplat.libbpf;

import org.jspecify.annotations.NullMarked;
