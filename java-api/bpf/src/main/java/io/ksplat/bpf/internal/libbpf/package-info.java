// SPDX-License-Identifier: Apache-2.0
/**
 * libbpf through JNA: object files, BTF, and objects in the running kernel. The latter, {@code Running...}, must be closed, and cannot be
 * used after that.
 */
@NullMarked
package io.ksplat.bpf.internal.libbpf;

import org.jspecify.annotations.NullMarked;
