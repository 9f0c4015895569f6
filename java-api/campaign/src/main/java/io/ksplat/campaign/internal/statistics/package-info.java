// SPDX-License-Identifier: Apache-2.0
/** Tells how sure a handful of runs makes: rates with their intervals, tests that stop by themselves, a search that survives flakes. */
@NullMarked
package io.ksplat.campaign.internal.statistics;

import org.jspecify.annotations.NullMarked;
