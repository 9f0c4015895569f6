// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A host that fails in the middle of a run whose right verdict is CLEAN: there may be no verdict, but never a wrong one, and the exit
 * code says which. The table of outcomes is in docs/reliability.md.
 */
@Tag("full")
class HostFaultsTest {
    @TempDir
    Path folder;

    /** A fault, as a command that stands before ksplat, and an environment. {@code FOLDER} in them is the test's. */
    record Fault(String name, List<String> before, Map<String, String> environment) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Fault limit(String limit) {
        return new Fault(
                "a limit of " + limit, List.of("prlimit", "--" + limit + ":" + limit.replaceAll(".*=", "")), Map.of());
    }

    private static Fault mounted(String name, String mounts) {
        return new Fault(name, List.of("unshare", "-m", "sh", "-ec", mounts + "; exec \"$@\"", "sh"), Map.of());
    }

    private static Fault small(String what, String size) {
        return mounted(
                what + " on a disk of " + size,
                "mkdir -p FOLDER/" + what + "; mount -t tmpfs -o size=" + size + " none FOLDER/" + what);
    }

    private static Fault qemu(String name, String script) {
        return new Fault(
                name,
                List.of(
                        "sh",
                        "-ec",
                        "printf '#!/bin/sh\\n" + script + "\\n' >FOLDER/qemu; chmod +x FOLDER/qemu; exec \"$@\"",
                        "sh"),
                Map.of("KSPLAT_QEMU", "FOLDER/qemu"));
    }

    static Stream<Fault> faults() {
        return Stream.of(
                limit("nofile=80"),
                limit("nofile=90"),
                limit("nofile=100"),
                limit("fsize=20000"),
                small("report", "16k"),
                small("report", "64k"),
                small("tmp", "8k"),
                mounted(
                        "a report that cannot be written",
                        "mkdir -p FOLDER/report; mount -t tmpfs -o ro none FOLDER/report"),
                mounted(
                        "a cache that cannot be written",
                        "c=${XDG_CACHE_HOME:-$HOME/.cache}/ksplat; mount --bind $c $c; mount -o remount,ro,bind $c"),
                qemu("a QEMU that fails", "echo out of luck >&2; exit 1"),
                qemu("a QEMU that does nothing", "exec sleep 1000"),
                new Fault("no QEMU", List.of(), Map.of("KSPLAT_QEMU", "/nowhere/qemu")),
                new Fault("no compiler", List.of(), Map.of("KSPLAT_CLANG", "/nowhere/clang")));
    }

    private String here(String text) {
        return text.replace("FOLDER", folder.toString());
    }

    @ParameterizedTest
    @MethodSource("faults")
    @Tag("machine")
    @Tag("network")
    void neverAWrongVerdict(Fault fault) throws Exception {
        assumeThat(!fault.before().contains("unshare")
                        || Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0))
                .as("root may mount small disks")
                .isTrue();
        Ksplat ksplat = Ksplat.under(
                folder,
                fault.before().stream().map(this::here).toList(),
                fault.environment().entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, known -> here(known.getValue()))),
                "run",
                "nmi-cpumask-kptr");

        String said = ksplat.out() + ksplat.err();
        assertThat(said).as("a line for people").doesNotContain("\tat ").doesNotContain("Exception in thread");
        String outcome = ksplat.outcome("nmi-cpumask-kptr");
        System.out.println("| " + fault + " | " + outcome + " | " + ksplat.exit() + " |");
        assertThat(outcome).as(said).isIn("CLEAN", "INCONCLUSIVE", "ERROR", "none");
        assertThat(ksplat.exit())
                .as("%s: %s", outcome, said)
                .isEqualTo(
                        switch (outcome) {
                            case "CLEAN" -> 0;
                            case "INCONCLUSIVE" -> 1;
                            default -> 3;
                        });
        if (outcome.equals("none")) {
            assertThat(ksplat.err().lines().filter(line -> line.startsWith("ksplat: ")))
                    .as(said)
                    .isNotEmpty();
        }
        ksplat.assertNothingLeft();
    }

    /** So that the faults above are not passed for want of a run. */
    @Test
    @Tag("machine")
    @Tag("network")
    void withoutAFaultItIsClean() throws Exception {
        Ksplat ksplat =
                Ksplat.under(folder, List.of("sh", "-c", "exec \"$@\"", "sh"), Map.of(), "run", "nmi-cpumask-kptr");

        assertThat(ksplat.exit()).as(ksplat.out() + ksplat.err()).isZero();
        assertThat(ksplat.out()).contains("CLEAN  nmi-cpumask-kptr on");
        assertThat(Files.exists(ksplat.report.resolve("index.html"))).isTrue();
    }
}
