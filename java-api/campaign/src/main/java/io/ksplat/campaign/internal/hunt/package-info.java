// SPDX-License-Identifier: Apache-2.0
/** Looks for operations of BPF programs that are deadly in an NMI. */
@NullMarked
package io.ksplat.campaign.internal.hunt;

import org.jspecify.annotations.NullMarked;
