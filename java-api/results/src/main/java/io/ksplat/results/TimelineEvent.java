// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import java.util.OptionalInt;

/**
 * Something that happened in a run.
 *
 * @param atMs when, in milliseconds from the beginning of the run
 * @param cpu the CPU that it happened on, if it happened on one
 * @param event its kind, one word: {@code nmi}, {@code evidence}, {@code stuck}
 * @param what what happened, one line
 */
public record TimelineEvent(long atMs, OptionalInt cpu, String event, String what) {}
