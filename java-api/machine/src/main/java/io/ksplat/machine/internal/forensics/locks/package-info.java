// SPDX-License-Identifier: Apache-2.0
/** Finds who waits for which lock, and who holds it. */
@NullMarked
package io.ksplat.machine.internal.forensics.locks;

import org.jspecify.annotations.NullMarked;
