// SPDX-License-Identifier: Apache-2.0
/** Machines that run a kernel, NMIs sent to them, and what is read from them. */
@NullMarked
package io.ksplat.machine;

import org.jspecify.annotations.NullMarked;
