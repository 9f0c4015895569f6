// SPDX-License-Identifier: Apache-2.0
/**
 * What runs in a machine: the agent's client, and BPF objects loaded through it.
 *
 * <p>API: {@link BpfObject}, {@link OpenedBpf}, {@link BpfProgram}, {@link BpfMap}, {@link TypedMap}, {@link RingBuffer},
 * {@link Global}, {@link BpfStream}, {@link BpfTarget}, {@link LocalTarget}, {@link BpfLine}, {@link Child}, {@link AgentException}.
 *
 * <p>What else is public is so for ksplat's other rooms and modules, and no API.
 */
@NullMarked
package io.ksplat.guest;

import org.jspecify.annotations.NullMarked;
