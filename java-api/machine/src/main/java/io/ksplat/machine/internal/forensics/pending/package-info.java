// SPDX-License-Identifier: Apache-2.0
/** What a kernel has still to do for an experiment. */
@NullMarked
package io.ksplat.machine.internal.forensics.pending;

import org.jspecify.annotations.NullMarked;
