// SPDX-License-Identifier: Apache-2.0
/**
 * Turns console text into {@link io.ksplat.evidence.Evidence}: bytes, lines, reports, traces, titles. Enter through
 * {@link io.ksplat.evidence.ConsoleParser}.
 */
@NullMarked
package io.ksplat.evidence.internal.console;

import org.jspecify.annotations.NullMarked;
