// SPDX-License-Identifier: Apache-2.0
/**
 * How console text becomes {@link io.ksplat.evidence.Evidence}: bytes, lines, reports, traces, titles. No API: the inside of the
 * module; enter through {@link io.ksplat.evidence.ConsoleParser}.
 */
@NullMarked
package io.ksplat.evidence.console;

import org.jspecify.annotations.NullMarked;
