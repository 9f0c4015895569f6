// SPDX-License-Identifier: Apache-2.0
/** Real machines: how they are named, reached, heard, poked, reset, and judged without a view into them. */
@NullMarked
package io.ksplat.machine.internal.real;

import org.jspecify.annotations.NullMarked;
