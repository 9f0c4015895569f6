// SPDX-License-Identifier: Apache-2.0
/** Reads machine code with LLVM's library, which clang brings along. */
@NullMarked
package io.ksplat.bpf.internal.llvm;

import org.jspecify.annotations.NullMarked;
