// SPDX-License-Identifier: Apache-2.0
/** What the templates show of many runs together: sweeps, bisections, patch trials and benchmarks. */
@NullMarked
package io.ksplat.report.internal.campaign;

import org.jspecify.annotations.NullMarked;
