// SPDX-License-Identifier: Apache-2.0
/** The channel to the agent that runs in a machine, and BPF objects loaded through it. */
@NullMarked
package io.ksplat.machine.internal.agent;

import org.jspecify.annotations.NullMarked;
