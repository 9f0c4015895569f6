// SPDX-License-Identifier: Apache-2.0
/** The implementation of the commands that take many runs. */
@NullMarked
package io.ksplat.campaign.internal;

import org.jspecify.annotations.NullMarked;
