// SPDX-License-Identifier: Apache-2.0
/** Kernels in the package files of distributions. */
@NullMarked
package io.ksplat.kernel.internal.packages;

import org.jspecify.annotations.NullMarked;
