// SPDX-License-Identifier: Apache-2.0
/** Kernel images and configurations, and their folders in the cache. */
@NullMarked
package io.ksplat.kernel.internal.image;

import org.jspecify.annotations.NullMarked;
