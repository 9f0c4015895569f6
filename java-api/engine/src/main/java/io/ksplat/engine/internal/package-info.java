// SPDX-License-Identifier: Apache-2.0
/** How a run gets its machine, watches it, and reaches its verdict. */
@NullMarked
package io.ksplat.engine.internal;

import org.jspecify.annotations.NullMarked;
