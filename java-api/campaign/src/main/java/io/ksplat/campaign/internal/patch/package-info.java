// SPDX-License-Identifier: Apache-2.0
/** Finds out whether a patch cures a bug, by runs on the same kernel without and with it. */
@NullMarked
package io.ksplat.campaign.internal.patch;

import org.jspecify.annotations.NullMarked;
