// SPDX-License-Identifier: Apache-2.0
/** Writes the pages of a report. */
@NullMarked
package io.ksplat.report.internal;

import org.jspecify.annotations.NullMarked;
