// SPDX-License-Identifier: Apache-2.0
/** kptr destructors that run in NMI context. */
@NullMarked
package io.ksplat.reproducers.kptr;

import org.jspecify.annotations.NullMarked;
