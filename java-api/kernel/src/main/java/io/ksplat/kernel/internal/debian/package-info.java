// SPDX-License-Identifier: Apache-2.0
/** Finds, fetches and unpacks kernels of the distribution. */
@NullMarked
package io.ksplat.kernel.internal.debian;

import org.jspecify.annotations.NullMarked;
