// SPDX-License-Identifier: Apache-2.0
/** Reads kernel images and configurations, and keeps them in the cache. */
@NullMarked
package io.ksplat.kernel.internal.image;

import org.jspecify.annotations.NullMarked;
