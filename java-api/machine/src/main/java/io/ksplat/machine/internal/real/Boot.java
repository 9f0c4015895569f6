// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which boot of a machine answers.
 *
 * @param id the kernel's own, random one (drivers/char/random.c)
 * @param age since the kernel began to keep time
 */
record Boot(String id, Duration age) {
    private static final Pattern TOLD = Pattern.compile(
            "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\\s+(\\d{1,10})\\.(\\d\\d)\\s.*", Pattern.DOTALL);

    private static final int MS = 10;

    private static final String TELL = "cat /proc/sys/kernel/random/boot_id /proc/uptime";

    static Boot read(Reach reach) throws IOException {
        return parse(reach.output("reading the boot's id", TELL) + "\n");
    }

    /** Reads it over a connection of its own. */
    static Boot readAnew(Reach reach) throws IOException {
        return parse(reach.anew(TELL) + "\n");
    }

    /** Reads /proc/sys/kernel/random/boot_id and, after it, /proc/uptime. */
    static Boot parse(String text) throws MachineException {
        Matcher told = TOLD.matcher(text);
        if (!told.matches()) {
            throw new MachineException("it does not tell which boot it runs: \"" + text.strip() + "\"");
        }
        return new Boot(
                told.group(1),
                Duration.ofSeconds(Long.parseLong(told.group(2))).plusMillis(MS * Long.parseLong(told.group(3))));
    }

    /** Returns why it is none that came of a reset, which was asked for so long ago; empty if it came of it. */
    Optional<String> olderThan(String before, long askedNanosAgo) {
        if (id.equals(before)) {
            return Optional.of("it still runs the boot from before the reset");
        }
        return age.toNanos() > askedNanosAgo
                ? Optional.of("it runs a boot that had begun before the reset")
                : Optional.empty();
    }
}
