// SPDX-License-Identifier: Apache-2.0
/** Symbols, source lines and disassembly of a kernel. */
@NullMarked
package io.ksplat.kernel.internal.symbols;

import org.jspecify.annotations.NullMarked;
