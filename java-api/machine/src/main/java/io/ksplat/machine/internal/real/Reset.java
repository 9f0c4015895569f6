// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/** Resets a machine, and waits until it has booted. */
final class Reset {
    private static final Duration COMMAND = Duration.ofSeconds(60);
    private static final long PAUSE_MS = 2000;

    private final MachineEntry entry;
    private final Reach reach;

    Reset(MachineEntry entry, Reach reach) {
        this.entry = entry;
        this.reach = reach;
    }

    /**
     * Resets it. That a boot came of it is proven by its id, which is another, and by its age: a machine that had rebooted by itself
     * answers with another id, too, until the reset comes.
     *
     * @param before the id of the boot that ends
     * @throws MachineException if there is no command, it fails, or the machine does not come back
     */
    void reset(String before, Progress progress) throws IOException {
        String line = entry.reset()
                .orElseThrow(() -> new MachineException(entry.name()
                        + " must be reset, and its entry has no command for that (reset = \"ipmitool ... chassis power reset\"):"
                        + " reset it by hand, and run ksplat again"));
        reach.disconnect();
        progress.report(entry.name() + ": resetting it");
        long asked = System.nanoTime();
        Outcome outcome = Outcome.of(Outcome.shell(line), new byte[0], entry.scale(COMMAND));
        if (outcome.exit() != 0) {
            throw new MachineException("the command that resets " + entry.name() + " failed: " + outcome.said());
        }
        await(before, asked, "its reset");
        progress.report(entry.name() + ": it is up again");
    }

    /**
     * Waits until a machine that reboots by itself has done so.
     *
     * @param before the id of the boot that ends
     * @return whether it has
     */
    boolean awaitAnother(String before) throws IOException {
        reach.disconnect();
        return until(boot -> boot.id().equals(before) ? Optional.of("it has not rebooted") : Optional.empty())
                .isEmpty();
    }

    /**
     * Waits for a boot that was asked for.
     *
     * @param before the id of the boot that ends
     * @param asked when, as the JVM's clock says
     * @param what was asked for, in words
     */
    void await(String before, long asked, String what) throws IOException {
        Optional<String> last = until(boot -> boot.olderThan(before, System.nanoTime() - asked));
        if (last.isPresent()) {
            throw new MachineException(entry.name() + " did not come back within "
                    + entry.boot().toSeconds() + " s of " + what + ": " + last.get());
        }
    }

    /**
     * Waits, as long as the machine may boot, for a boot to which there is no objection.
     *
     * @return the last objection, or why it did not answer; empty if there is such a boot
     */
    private Optional<String> until(Function<Boot, Optional<String>> objection) throws IOException {
        Deadline deadline = Deadline.in(entry.boot());
        String last = "";
        while (!deadline.expired()) {
            try {
                Optional<String> found = objection.apply(Boot.read(reach));
                if (found.isEmpty()) {
                    return Optional.empty();
                }
                last = found.get();
            } catch (IOException e) {
                last = String.valueOf(e.getMessage());
            }
            reach.disconnect();
            pause();
        }
        return Optional.of(last);
    }

    private static void pause() throws MachineException {
        try {
            Thread.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while waiting for a boot", e);
        }
    }
}
