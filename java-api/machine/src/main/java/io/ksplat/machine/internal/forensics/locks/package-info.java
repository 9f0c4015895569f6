// SPDX-License-Identifier: Apache-2.0
/** Finds which task or CPU waits for which lock, and which one holds it. */
@NullMarked
package io.ksplat.machine.internal.forensics.locks;

import org.jspecify.annotations.NullMarked;
