// SPDX-License-Identifier: Apache-2.0
/** The annotations of reproducers and kernel tests, and the errors that they fail with. */
@NullMarked
package io.ksplat.junit;

import org.jspecify.annotations.NullMarked;
