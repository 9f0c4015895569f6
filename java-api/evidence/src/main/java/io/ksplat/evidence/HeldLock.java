// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;

/**
 * A lock in a lockdep report, with its state.
 *
 * @param usage the usage characters of the class, {@code +.+.} (get_usage_chars, kernel/locking/lockdep.c); empty if not printed
 * @param waitType outer and inner wait type, {@code 3:3} (since 5.7)
 * @param at the function that takes the lock or took it
 */
public record HeldLock(LockRef lock, String usage, Optional<String> waitType, Optional<String> at) {}
