// SPDX-License-Identifier: Apache-2.0
/** What a reproducer is written against: annotations, the objects that its methods are given, and the extension behind them. */
@NullMarked
package io.ksplat.junit;

import org.jspecify.annotations.NullMarked;
