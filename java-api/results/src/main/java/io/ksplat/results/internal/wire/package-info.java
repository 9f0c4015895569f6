// SPDX-License-Identifier: Apache-2.0
/**
 * Records as JSON, in both directions: {@link io.ksplat.results.internal.wire.Form} names each field once. The forms are the
 * contract; {@code results.schema.json} and {@code evidence.schema.json} describe the same to others.
 */
@NullMarked
package io.ksplat.results.internal.wire;

import org.jspecify.annotations.NullMarked;
