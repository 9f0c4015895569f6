// SPDX-License-Identifier: Apache-2.0
/** C functions, under their C names. */
@NullMarked
package io.ksplat.bpf.internal.jna;

import org.jspecify.annotations.NullMarked;
