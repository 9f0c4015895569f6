// SPDX-License-Identifier: Apache-2.0
/**
 * Machines whose QEMU runs in a container.
 *
 * <p>API: {@link KernelContainer}.
 *
 * <p>What else is public is so for ksplat's other rooms and modules, and no API.
 */
@NullMarked
package io.ksplat.container;

import org.jspecify.annotations.NullMarked;
