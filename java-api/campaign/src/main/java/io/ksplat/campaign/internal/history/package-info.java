// SPDX-License-Identifier: Apache-2.0
/** The runs of many reports in a database: what was seen first and last, how often, and how long it took. */
@NullMarked
package io.ksplat.campaign.internal.history;

import org.jspecify.annotations.NullMarked;
