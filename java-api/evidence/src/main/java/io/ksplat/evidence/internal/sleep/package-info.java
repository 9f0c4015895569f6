// SPDX-License-Identifier: Apache-2.0
/** Decides from what tasks wait for, seen from outside, which of them are blocked and which are deadlocked. */
@NullMarked
package io.ksplat.evidence.internal.sleep;

import org.jspecify.annotations.NullMarked;
