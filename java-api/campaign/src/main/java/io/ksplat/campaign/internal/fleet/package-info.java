// SPDX-License-Identifier: Apache-2.0
/** One plan on many machines: its units, their shares, and the joint report. */
@NullMarked
package io.ksplat.campaign.internal.fleet;

import org.jspecify.annotations.NullMarked;
