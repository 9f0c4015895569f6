// SPDX-License-Identifier: Apache-2.0
/**
 * {@code ./ksplat verify}: runs the tests of all modules through Maven, and tells how they go while they run. A listener in every JVM
 * that runs tests appends to one file; the terminal reads it.
 */
@NullMarked
package io.ksplat.verify.internal;

import org.jspecify.annotations.NullMarked;
