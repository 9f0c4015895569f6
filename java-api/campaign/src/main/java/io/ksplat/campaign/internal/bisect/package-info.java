// SPDX-License-Identifier: Apache-2.0
/** Finds where a bug came or went: among prebuilt kernels, and among the commits of a tree. */
@NullMarked
package io.ksplat.campaign.internal.bisect;

import org.jspecify.annotations.NullMarked;
