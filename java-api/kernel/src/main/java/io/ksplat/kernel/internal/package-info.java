// SPDX-License-Identifier: Apache-2.0
/** Shared by the packages of the kernel module, and by ksplat's other modules. */
@NullMarked
package io.ksplat.kernel.internal;

import org.jspecify.annotations.NullMarked;
