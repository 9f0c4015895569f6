// SPDX-License-Identifier: Apache-2.0
/** The interface that targets implement, and its implementation for the running kernel. */
@NullMarked
package io.ksplat.bpf.internal;

import org.jspecify.annotations.NullMarked;
