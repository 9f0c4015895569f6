// SPDX-License-Identifier: Apache-2.0
/**
 * BPF objects from Java: typed maps, programs, global variables and ring buffers, in a machine or in the running kernel.
 *
 * <p>Opening and inspecting a file returns immutable data, which threads may share: every native handle is freed before the call
 * returns.
 */
@NullMarked
package io.ksplat.bpf;

import org.jspecify.annotations.NullMarked;
