// SPDX-License-Identifier: Apache-2.0
/** The raw C functions, under their C names. Not for use outside the libbpf room. No API: public for ksplat's other rooms and modules. */
@NullMarked
package io.ksplat.libbpf.internal;

import org.jspecify.annotations.NullMarked;
