// SPDX-License-Identifier: Apache-2.0
/** The record of a run. */
@NullMarked
package io.ksplat.results;

import org.jspecify.annotations.NullMarked;
