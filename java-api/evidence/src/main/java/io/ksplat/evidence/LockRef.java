// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;

/**
 * A lock that a report names.
 *
 * @param name as the report writes it ({@code &rdp->nocb_lock}), or the symbol at its address
 * @param address as the report writes it, in hexadecimal without {@code 0x}; it may be hashed ({@code %p})
 * @param lockClass lockdep's class, where lockdep speaks: what the name says, the same from boot to boot
 */
public record LockRef(String name, Optional<String> address, Optional<String> lockClass) {}
