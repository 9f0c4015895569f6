// SPDX-License-Identifier: Apache-2.0
/** Benchmarks of ksplat itself, and of kernels by workloads. */
@NullMarked
package io.ksplat.campaign.internal.bench;

import org.jspecify.annotations.NullMarked;
