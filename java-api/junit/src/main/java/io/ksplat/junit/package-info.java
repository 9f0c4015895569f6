// SPDX-License-Identifier: Apache-2.0
/**
 * What a reproducer is written against: annotations, the objects that its methods are given, and the extension behind them.
 *
 * <p>API: {@link BeforeFreeze}, {@link Case}, {@link Controls}, {@link EnabledOnKernel}, {@link Expect}, {@link HarnessError},
 * {@link KernelDeadlockError}, {@link KernelTest}, {@link Kernels}, {@link Machine}, {@link Measures}, {@link Needs},
 * {@link Reproducer}, {@link Testimony}, {@link UnexpectedVerdictError}.
 *
 * <p>What else is public is so for ksplat's other rooms and modules, and no API.
 */
@NullMarked
package io.ksplat.junit;

import org.jspecify.annotations.NullMarked;
