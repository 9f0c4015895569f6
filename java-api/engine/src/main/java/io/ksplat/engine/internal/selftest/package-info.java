// SPDX-License-Identifier: Apache-2.0
/** Runs the kernel's annotated BPF selftests, as its test_loader does. */
@NullMarked
package io.ksplat.engine.internal.selftest;

import org.jspecify.annotations.NullMarked;
