// SPDX-License-Identifier: Apache-2.0
/** How sure a handful of runs makes: rates with their intervals, tests that stop by themselves, a search that survives flakes. */
@NullMarked
package io.ksplat.campaign.statistics;

import org.jspecify.annotations.NullMarked;
