// SPDX-License-Identifier: Apache-2.0
/** Kernels: getting one by its spec, building one, knowing one, and the cache. */
@NullMarked
package io.ksplat.kernel;

import org.jspecify.annotations.NullMarked;
