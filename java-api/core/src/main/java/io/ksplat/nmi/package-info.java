// SPDX-License-Identifier: Apache-2.0
/** NMI sources. */
@NullMarked
package io.ksplat.nmi;

import org.jspecify.annotations.NullMarked;
