// SPDX-License-Identifier: Apache-2.0
/** Finds, fetches and unpacks the kernels of Debian. */
@NullMarked
package io.ksplat.kernel.internal.debian;

import org.jspecify.annotations.NullMarked;
