// SPDX-License-Identifier: Apache-2.0
/** Runs programs that their authors already have: C, scripts and executables. */
@NullMarked
package io.ksplat.engine.internal.program;

import org.jspecify.annotations.NullMarked;
