// SPDX-License-Identifier: Apache-2.0
/** The commands: they read words, call the rooms, and print. */
@NullMarked
package io.ksplat.cli;

import org.jspecify.annotations.NullMarked;
