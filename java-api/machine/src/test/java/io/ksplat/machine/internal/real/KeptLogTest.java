// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeptLogTest {
    private static final String MARK = "<6>[   80.000000] ksplat: experiment 5eed\n";

    private static String record(String path, String text) {
        return "\nksplat-record " + path + "\n" + text;
    }

    /** Each part of a dump is a record, the newest one the first. */
    @Test
    void joinsThePartsOfADump() {
        String told = record("/sys/fs/pstore/dmesg-ramoops-0", "Panic#1 Part1\n<0>[   82.000000] end\n")
                + record(
                        "/sys/fs/pstore/dmesg-ramoops-1",
                        "Panic#1 Part2\n<4>[   79.000000] before\n" + MARK + "<4>[   81.000000] after\n");

        assertThat(KeptLog.since("5eed", told))
                .filteredOn(line -> !line.isEmpty())
                .containsExactly("<4>[   81.000000] after", "<0>[   82.000000] end");
    }

    /** Another run's panic, or one from before the machine was ksplat's, is none of this run's. */
    @Test
    void takesNothingWithoutTheMarkOfTheRun() {
        String told = record("/sys/fs/pstore/dmesg-ramoops-0", "Panic#1 Part1\n<0>[   82.000000] Kernel panic\n")
                + record(
                        "/var/lib/systemd/pstore/17/dmesg.txt",
                        MARK.replace("5eed", "0dd") + "<0>[   82.000000] Kernel panic\n");

        assertThat(KeptLog.since("5eed", told)).isEmpty();
        assertThat(KeptLog.since("5eed", "")).isEmpty();
    }

    @Test
    void takesTheRecordThatHasMost() {
        String told = record("/sys/fs/pstore/dmesg-ramoops-0", "Oops#1 Part1\n" + MARK + "<4>[   81.000000] one\n")
                + record(
                        "/var/crash/202611301200/dmesg.202611301200",
                        MARK + "[   81.000000] one\n[   82.000000] two\n");

        assertThat(KeptLog.since("5eed", told))
                .filteredOn(line -> !line.isEmpty())
                .containsExactly("[   81.000000] one", "[   82.000000] two");
    }
}
