// SPDX-License-Identifier: Apache-2.0
/** How containers are started. */
@NullMarked
package io.ksplat.container.internal;

import org.jspecify.annotations.NullMarked;
