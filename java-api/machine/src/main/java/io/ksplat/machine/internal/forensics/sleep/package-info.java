// SPDX-License-Identifier: Apache-2.0
/** Reads from memory which tasks sleep, for what, and who could wake them. */
@NullMarked
package io.ksplat.machine.internal.forensics.sleep;

import org.jspecify.annotations.NullMarked;
