// SPDX-License-Identifier: Apache-2.0
/** Locks that refuse instead of deadlocking, and what deadlocked before there were any. */
@NullMarked
package io.ksplat.reproducers.lock;

import org.jspecify.annotations.NullMarked;
