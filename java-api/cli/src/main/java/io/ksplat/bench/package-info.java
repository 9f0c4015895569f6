// SPDX-License-Identifier: Apache-2.0
/** Measurements of ksplat itself. */
@NullMarked
package io.ksplat.bench;

import org.jspecify.annotations.NullMarked;
