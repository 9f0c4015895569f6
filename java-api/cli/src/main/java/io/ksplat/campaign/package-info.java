// SPDX-License-Identifier: Apache-2.0
/** Reproducers times kernels. */
@NullMarked
package io.ksplat.campaign;

import org.jspecify.annotations.NullMarked;
