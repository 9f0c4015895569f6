// SPDX-License-Identifier: Apache-2.0
/** Whether a patch cures: a kernel with it against the same kernel without it. */
@NullMarked
package io.ksplat.campaign.patch;

import org.jspecify.annotations.NullMarked;
