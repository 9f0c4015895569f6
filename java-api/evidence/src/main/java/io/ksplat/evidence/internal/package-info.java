// SPDX-License-Identifier: Apache-2.0
/** Derives the common fields of {@link io.ksplat.evidence.Evidence} from its details. */
@NullMarked
package io.ksplat.evidence.internal;

import org.jspecify.annotations.NullMarked;
