// SPDX-License-Identifier: Apache-2.0
/** What the templates show. */
@NullMarked
package io.ksplat.report.internal.page;

import org.jspecify.annotations.NullMarked;
