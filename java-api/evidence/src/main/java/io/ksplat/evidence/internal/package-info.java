// SPDX-License-Identifier: Apache-2.0
/** Completes {@link io.ksplat.evidence.Evidence}. */
@NullMarked
package io.ksplat.evidence.internal;

import org.jspecify.annotations.NullMarked;
