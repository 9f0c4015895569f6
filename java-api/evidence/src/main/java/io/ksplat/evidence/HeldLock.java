// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;

/**
 * A lock in a lockdep report, with the state that lockdep knows of it.
 *
 * @param usage the usage characters of its class, {@code +.+.} (get_usage_chars, kernel/locking/lockdep.c), empty where none were printed
 * @param waitType outer and inner wait type, {@code 3:3}, where printed (since 5.7)
 * @param at the function that takes it or took it
 */
public record HeldLock(LockRef lock, String usage, Optional<String> waitType, Optional<String> at) {}
