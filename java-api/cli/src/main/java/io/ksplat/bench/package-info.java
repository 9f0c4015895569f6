// SPDX-License-Identifier: Apache-2.0
/** Measurements of ksplat itself, and of kernels by workloads. */
@NullMarked
package io.ksplat.bench;

import org.jspecify.annotations.NullMarked;
