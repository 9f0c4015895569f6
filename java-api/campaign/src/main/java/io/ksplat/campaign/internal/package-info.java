// SPDX-License-Identifier: Apache-2.0
/** What the commands ask of many runs. */
@NullMarked
package io.ksplat.campaign.internal;

import org.jspecify.annotations.NullMarked;
