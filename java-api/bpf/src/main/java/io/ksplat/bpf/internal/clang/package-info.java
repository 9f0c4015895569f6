// SPDX-License-Identifier: Apache-2.0
/** How clang is run, and when it need not be. */
@NullMarked
package io.ksplat.bpf.internal.clang;

import org.jspecify.annotations.NullMarked;
