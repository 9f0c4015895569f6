// SPDX-License-Identifier: Apache-2.0
/** Draws who waits for whom. */
@NullMarked
package io.ksplat.report.internal.graph;

import org.jspecify.annotations.NullMarked;
