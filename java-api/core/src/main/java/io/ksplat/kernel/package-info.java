// SPDX-License-Identifier: Apache-2.0
/**
 * Kernels: specs, the catalogue, download, build, symbols.
 *
 * <p>API: {@link Symbol}.
 *
 * <p>What else is public is so for ksplat's other rooms and modules, and no API.
 */
@NullMarked
package io.ksplat.kernel;

import org.jspecify.annotations.NullMarked;
