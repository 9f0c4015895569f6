// SPDX-License-Identifier: Apache-2.0
/** Unwinds stacks by ORC tables and finds their source lines. */
@NullMarked
package io.ksplat.machine.internal.forensics.unwind;

import org.jspecify.annotations.NullMarked;
