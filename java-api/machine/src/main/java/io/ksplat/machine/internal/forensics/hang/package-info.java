// SPDX-License-Identifier: Apache-2.0
/** Distinguishes a CPU that is stuck from one that is slow, busy or paused. */
@NullMarked
package io.ksplat.machine.internal.forensics.hang;

import org.jspecify.annotations.NullMarked;
