// SPDX-License-Identifier: Apache-2.0
/**
 * libbpf through JNA: objects, BTF, running programs and maps. What runs ({@code Running...}) has to be closed, and refuses to be
 * used afterwards.
 */
@NullMarked
package io.ksplat.bpf.internal.libbpf;

import org.jspecify.annotations.NullMarked;
