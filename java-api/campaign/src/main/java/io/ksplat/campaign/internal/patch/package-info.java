// SPDX-License-Identifier: Apache-2.0
/** Tells whether a patch cures: a kernel with it against the same kernel without it. */
@NullMarked
package io.ksplat.campaign.internal.patch;

import org.jspecify.annotations.NullMarked;
