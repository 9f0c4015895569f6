// SPDX-License-Identifier: Apache-2.0
/** How an NMI reaches an instruction. */
@NullMarked
package io.ksplat.machine.internal.nmi;

import org.jspecify.annotations.NullMarked;
