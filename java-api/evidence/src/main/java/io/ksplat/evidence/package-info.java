// SPDX-License-Identifier: Apache-2.0
/**
 * Turns text into {@link io.ksplat.evidence.Evidence} and evidence into a {@link io.ksplat.evidence.Verdict}. Depends on no other
 * module.
 */
@NullMarked
package io.ksplat.evidence;

import org.jspecify.annotations.NullMarked;
