// SPDX-License-Identifier: Apache-2.0
/**
 * Machines whose QEMU runs in a container.
 */
@NullMarked
package io.ksplat.container;

import org.jspecify.annotations.NullMarked;
