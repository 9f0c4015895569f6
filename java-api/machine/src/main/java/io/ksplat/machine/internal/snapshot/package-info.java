// SPDX-License-Identifier: Apache-2.0
/** Frozen machines and what is restored from them. */
@NullMarked
package io.ksplat.machine.internal.snapshot;

import org.jspecify.annotations.NullMarked;
