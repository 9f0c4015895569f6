// SPDX-License-Identifier: Apache-2.0
/** Builds kernels from source packages and trees, with profiles and patches. */
@NullMarked
package io.ksplat.kernel.internal.build;

import org.jspecify.annotations.NullMarked;
