// SPDX-License-Identifier: Apache-2.0
/** Writes the files of a report: results.json, JUnit XML, Open Test Reporting, Markdown. */
@NullMarked
package io.ksplat.results.internal;

import org.jspecify.annotations.NullMarked;
