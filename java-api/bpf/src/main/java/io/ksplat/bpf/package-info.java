// SPDX-License-Identifier: Apache-2.0
/**
 * BPF objects from Java: typed maps, programs, globals and ring buffers, in a machine or in the running kernel.
 *
 * <p>What opens and inspects hands out plain immutable data, safe to share between threads: every native handle is freed before the
 * call that made it returns.
 */
@NullMarked
package io.ksplat.bpf;

import org.jspecify.annotations.NullMarked;
