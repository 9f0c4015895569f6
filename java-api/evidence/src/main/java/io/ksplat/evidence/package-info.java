// SPDX-License-Identifier: Apache-2.0
/**
 * What happened in a kernel, as data: {@link io.ksplat.evidence.Evidence} parsed from any console text or seen from outside,
 * and the {@link io.ksplat.evidence.Verdict} that follows from it. Depends on nothing.
 *
 * <p>API: {@link BpfStreamParser}, {@link Comparison}, {@link ConsoleParser}, {@link Control}, {@link CycleNode}, {@link Details},
 * {@link Evidence}, {@link EvidenceKind}, {@link Findings}, {@link Frame}, {@link HeldLock}, {@link LockRef}, {@link Noise},
 * {@link ParserOptions}, {@link Source}, {@link Stack}, {@link Task}, {@link Verdict}.
 */
@NullMarked
package io.ksplat.evidence;

import org.jspecify.annotations.NullMarked;
