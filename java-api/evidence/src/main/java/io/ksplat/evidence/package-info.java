// SPDX-License-Identifier: Apache-2.0
/**
 * Describes as data what happened in a kernel: {@link io.ksplat.evidence.Evidence}, parsed from console text or seen from outside,
 * and the {@link io.ksplat.evidence.Verdict} that follows from it. Depends on nothing.
 */
@NullMarked
package io.ksplat.evidence;

import org.jspecify.annotations.NullMarked;
