// SPDX-License-Identifier: Apache-2.0
/** Makes the disks of machines: root file systems and trees of modules, as images that are only read. */
@NullMarked
package io.ksplat.kernel.internal.rootfs;

import org.jspecify.annotations.NullMarked;
