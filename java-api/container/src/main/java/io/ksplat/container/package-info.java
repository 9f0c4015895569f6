// SPDX-License-Identifier: Apache-2.0
/**
 * Machines whose QEMU runs in a container.
 *
 * <p>API: {@link KernelContainer}. Other public types are for ksplat's own modules and are not API.
 */
@NullMarked
package io.ksplat.container;

import org.jspecify.annotations.NullMarked;
