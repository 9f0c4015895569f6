// SPDX-License-Identifier: Apache-2.0
/**
 * Runs one scenario on one target, and gives a record of it: {@link io.ksplat.engine.Scenario} is what is run, {@link
 * io.ksplat.engine.Run} its steps, {@link io.ksplat.engine.Session} what runs share. Knows no test framework.
 */
@NullMarked
package io.ksplat.engine;

import org.jspecify.annotations.NullMarked;
