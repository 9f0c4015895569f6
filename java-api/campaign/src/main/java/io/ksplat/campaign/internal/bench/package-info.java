// SPDX-License-Identifier: Apache-2.0
/** Measures ksplat itself, and kernels by workloads. */
@NullMarked
package io.ksplat.campaign.internal.bench;

import org.jspecify.annotations.NullMarked;
