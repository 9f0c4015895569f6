// SPDX-License-Identifier: Apache-2.0
/** A shell in a machine. */
@NullMarked
package io.ksplat.campaign.internal.shell;

import org.jspecify.annotations.NullMarked;
