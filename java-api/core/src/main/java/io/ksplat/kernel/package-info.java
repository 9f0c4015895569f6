// SPDX-License-Identifier: Apache-2.0
/** Kernels: specs, the catalogue, download, build, symbols. */
@NullMarked
package io.ksplat.kernel;

import org.jspecify.annotations.NullMarked;
