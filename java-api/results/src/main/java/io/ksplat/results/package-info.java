// SPDX-License-Identifier: Apache-2.0
/**
 * The record of a run, and the report that holds it: {@link io.ksplat.results.RunLog} writes a report,
 * {@link io.ksplat.results.ResultsReader} reads it, {@link io.ksplat.results.ReportMerge} joins several, and
 * {@link io.ksplat.results.RunText} prints a run. {@code results.schema.json} and {@code evidence.schema.json}, resources of this
 * package, describe the JSON files to others.
 */
@NullMarked
package io.ksplat.results;

import org.jspecify.annotations.NullMarked;
