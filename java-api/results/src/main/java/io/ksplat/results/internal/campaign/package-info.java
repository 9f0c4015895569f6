// SPDX-License-Identifier: Apache-2.0
/** Records of what many runs together say, and where a report keeps them. */
@NullMarked
package io.ksplat.results.internal.campaign;

import org.jspecify.annotations.NullMarked;
