// SPDX-License-Identifier: Apache-2.0
/** Sends an NMI at every instruction of a stretch, and maps where it kills. */
@NullMarked
package io.ksplat.campaign.internal.sweep;

import org.jspecify.annotations.NullMarked;
