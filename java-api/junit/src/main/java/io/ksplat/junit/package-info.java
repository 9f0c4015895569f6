// SPDX-License-Identifier: Apache-2.0
/** The annotations of reproducers and kernel tests, and the errors of those that did not go as expected. */
@NullMarked
package io.ksplat.junit;

import org.jspecify.annotations.NullMarked;
