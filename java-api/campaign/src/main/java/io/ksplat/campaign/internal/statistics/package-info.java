// SPDX-License-Identifier: Apache-2.0
/** Statistics of a few runs: rates with intervals, sequential tests, and a search that tolerates flakes. */
@NullMarked
package io.ksplat.campaign.internal.statistics;

import org.jspecify.annotations.NullMarked;
