// SPDX-License-Identifier: Apache-2.0
/** What runs in a machine: the agent's client, and BPF objects loaded through it. */
@NullMarked
package io.ksplat.guest;

import org.jspecify.annotations.NullMarked;
