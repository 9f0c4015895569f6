// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptLogTest {
    @TempDir
    private Path root;

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

    /** Those of two dumps, and of two folders, are not one text. */
    @Test
    void joinsOnlyThePartsOfOneDump() {
        String told = record("/sys/fs/pstore/dmesg-ramoops-0", "Panic#2 Part1\n<0>[   92.000000] second\n")
                + record("/sys/fs/pstore/dmesg-ramoops-1", "Oops#1 Part1\n<0>[   82.000000] first\n")
                + record("/sys/fs/pstore/dmesg-ramoops-2", "Oops#1 Part2\n" + MARK)
                + record("/var/lib/systemd/pstore/1/dmesg-0", "Oops#1 Part1\n<0>[   83.000000] elsewhere\n");

        assertThat(KeptLog.since("5eed", told))
                .filteredOn(line -> !line.isEmpty())
                .containsExactly("<0>[   82.000000] first");
    }

    /** A file that cannot be read has no line but its name. */
    @Test
    void aRecordWithoutTextIsNone() {
        assertThat(KeptLog.since("5eed", "\nksplat-record /sys/fs/pstore/dmesg-5eed"))
                .isEmpty();
        assertThat(KeptLog.since("5eed", "a shell's banner\n" + MARK + "after\n"))
                .isEmpty();
    }

    private static final String LINES = MARK + "<4>[   81.000000] ";

    private void keep(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /** As pstore, systemd-pstore, kdump-tools and kexec-tools name them. */
    @Test
    void findsTheRecordsWhereTheirProgramsLeaveThem() throws Exception {
        for (String path : List.of(
                "sys/fs/pstore/dmesg-ramoops-0",
                "var/lib/systemd/pstore/dmesg.txt",
                "var/lib/systemd/pstore/17/dmesg.txt",
                "var/lib/systemd/pstore/17/2/dmesg.txt",
                "var/crash/202611301200/dmesg.202611301200",
                "var/crash/127.0.0.1-2026/vmcore-dmesg.txt")) {
            keep(path, LINES + path + "\n");
            assertThat(read()).contains("<4>[   81.000000] " + path);
            Files.delete(root.resolve(path));
        }
    }

    private List<String> read() throws IOException {
        try (Reach reach = new Reach(MachineEntry.here())) {
            return KeptLog.read(reach, root.toString(), "5eed");
        }
    }

    @Test
    void aMachineThatKeepsNothingHasNoLines() throws Exception {
        assertThat(read()).isEmpty();
    }

    @Test
    void aMachineKeepsWhatPstoreOrKdumpWrites() {
        assertThat(KeptLog.Keeper.of("", "", "").keeps()).isFalse();
        assertThat(KeptLog.Keeper.of("(null)", "0", "0").keeps()).isFalse();
        assertThat(KeptLog.Keeper.of("efi_pstore", "0", "0").keeps()).isTrue();
        assertThat(KeptLog.Keeper.of("", "1", "0").keeps()).isTrue();
    }

    /** One that stands still has to be reset; kdump's kernel reboots when it has saved. */
    @Test
    void aMachineRebootsIfThePanicOrKdumpHasItDoSo() {
        assertThat(KeptLog.Keeper.of("ramoops", "0", "0")).isEqualTo(new KeptLog.Keeper(true, false, false));
        assertThat(KeptLog.Keeper.of("ramoops", "", "")).isEqualTo(new KeptLog.Keeper(true, false, false));
        assertThat(KeptLog.Keeper.of("ramoops", "0", "10")).isEqualTo(new KeptLog.Keeper(true, false, true));
        assertThat(KeptLog.Keeper.of("ramoops", "1", "0")).isEqualTo(new KeptLog.Keeper(true, true, true));
    }
}
