// SPDX-License-Identifier: Apache-2.0
/** The soak: reproducers on kernels in an order of chance, for hours, to catch a verdict that is wrong. */
@NullMarked
package io.ksplat.campaign.internal.soak;

import org.jspecify.annotations.NullMarked;
