// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.pending;

import java.util.Optional;

/**
 * A {@code bpf_timer} that is armed.
 *
 * @param address of its hrtimer
 * @param expiresNanos when it is due, by the clock that {@link Pending#guestNanos} reads
 * @param callback the BPF function that it will call, as kallsyms names it
 */
public record ArmedTimer(long address, long expiresNanos, Optional<String> callback) {
    /** Returns its callback's name, or what stands for it. */
    public String name() {
        return callback.map(name -> name.replaceFirst("^bpf_prog_[0-9a-f]{16}_", ""))
                .orElse("a callback that has no name");
    }
}
