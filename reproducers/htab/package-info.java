// SPDX-License-Identifier: Apache-2.0
/** Elements of hash maps that are freed and used again at once. */
@NullMarked
package io.ksplat.reproducers.htab;

import org.jspecify.annotations.NullMarked;
