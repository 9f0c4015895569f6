// SPDX-License-Identifier: Apache-2.0
/** What the parts of the kernel module share. */
@NullMarked
package io.ksplat.kernel.internal;

import org.jspecify.annotations.NullMarked;
