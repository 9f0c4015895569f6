// SPDX-License-Identifier: Apache-2.0
/** Sends an NMI at every instruction of a path, and maps where it deadlocks. */
@NullMarked
package io.ksplat.campaign.internal.sweep;

import org.jspecify.annotations.NullMarked;
