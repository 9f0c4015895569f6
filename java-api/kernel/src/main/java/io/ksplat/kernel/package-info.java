// SPDX-License-Identifier: Apache-2.0
/** Fetches and builds kernels, tells what is known about them, and keeps them in a cache. */
@NullMarked
package io.ksplat.kernel;

import org.jspecify.annotations.NullMarked;
