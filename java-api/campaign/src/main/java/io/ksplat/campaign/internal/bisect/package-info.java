// SPDX-License-Identifier: Apache-2.0
/** Finds the change that introduced or cured a bug, among prebuilt kernels or the commits of a tree. */
@NullMarked
package io.ksplat.campaign.internal.bisect;

import org.jspecify.annotations.NullMarked;
