// SPDX-License-Identifier: Apache-2.0
/** A lab of KernelCI: polls for jobs, runs them, and posts the results. */
@NullMarked
package io.ksplat.campaign.internal.lab;

import org.jspecify.annotations.NullMarked;
