// SPDX-License-Identifier: Apache-2.0
/** The extension behind the annotations. */
@NullMarked
package io.ksplat.junit.internal;

import org.jspecify.annotations.NullMarked;
