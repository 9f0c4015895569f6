// SPDX-License-Identifier: Apache-2.0
/** A booted machine with its agent, and what boots it. */
@NullMarked
package io.ksplat.machine.internal;

import org.jspecify.annotations.NullMarked;
