// SPDX-License-Identifier: Apache-2.0
/** Analyses a hung machine from outside. */
@NullMarked
package io.ksplat.machine.internal.forensics;

import org.jspecify.annotations.NullMarked;
