// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Resets a machine, and waits until it has booted. */
final class Reset {
    private static final Logger LOG = LoggerFactory.getLogger(Reset.class);
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
        Deadline deadline = Deadline.in(entry.boot());
        while (!deadline.expired()) {
            reach.disconnect();
            try {
                if (!Boot.read(reach).id().equals(before)) {
                    return true;
                }
            } catch (IOException e) {
                LOG.debug("waiting for {}", entry.name(), e);
            }
            pause();
        }
        return false;
    }

    /**
     * Waits for a boot that was asked for.
     *
     * @param before the id of the boot that ends
     * @param asked when, as the JVM's clock says
     * @param what was asked for, in words
     */
    void await(String before, long asked, String what) throws IOException {
        Deadline deadline = Deadline.in(entry.boot());
        String last = "";
        while (!deadline.expired()) {
            try {
                Optional<String> older = Boot.read(reach).olderThan(before, System.nanoTime() - asked);
                if (older.isEmpty()) {
                    return;
                }
                last = older.get();
            } catch (IOException e) {
                last = String.valueOf(e.getMessage());
            }
            reach.disconnect();
            pause();
        }
        throw new MachineException(
                entry.name() + " did not come back within " + entry.boot().toSeconds() + " s of " + what + ": " + last);
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
