// SPDX-License-Identifier: Apache-2.0
/** What a change to the kernel may cost: loads with a figure. */
@NullMarked
package io.ksplat.reproducers.workload;

import org.jspecify.annotations.NullMarked;
