// SPDX-License-Identifier: Apache-2.0
/**
 * NMI sources.
 *
 * <p>API: {@link Nmi}, {@link Aim}, {@link Storm}, {@link StoppedCpu}, {@link Volley}, {@link Landing}.
 *
 * <p>What else is public is so for ksplat's other rooms and modules, and no API.
 */
@NullMarked
package io.ksplat.nmi;

import org.jspecify.annotations.NullMarked;
