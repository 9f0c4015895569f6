// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plan in a Slurm cluster of its own, in which a node dies, the controller dies, a task is requeued and one runs twice. */
@Tag("full")
class SlurmTest {
    private static final Path SCRIPTS = Path.of("src", "test", "scripts").toAbsolutePath();
    private static final long LIMIT_MINUTES = 25;
    private static final int ATTEMPTS = 12;
    private static final int REPRODUCERS = 2;

    @TempDir
    Path folder;

    /** The launcher of this test's own classes. */
    private Path launcher() throws IOException {
        Path file = folder.resolve("ksplat");
        Files.writeString(
                file,
                "#!/bin/bash\nexec " + Path.of(System.getProperty("java.home"), "bin", "java")
                        + " -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '"
                        + absolute(System.getProperty("java.class.path"))
                        + "' io.ksplat.cli.Main \"$@\"\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file;
    }

    private static String absolute(String classPath) {
        return String.join(
                ":",
                Arrays.stream(classPath.split(":"))
                        .map(each -> Path.of(each).toAbsolutePath().toString())
                        .toList());
    }

    private String ksplat(int exit, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(launcher().toString()));
        command.addAll(List.of(words));
        return run(exit, command);
    }

    private String run(int exit, List<String> command) throws Exception {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(command + " did not end: " + Files.readString(out) + Files.readString(err));
        }
        assertThat(process.exitValue())
                .as(command + ": " + Files.readString(out) + Files.readString(err))
                .isEqualTo(exit);
        return Files.readString(out);
    }

    /** What a report says of each run, without what takes another time on another machine. */
    private static Map<String, String> timeless(Path report) throws IOException {
        Map<String, String> runs = new TreeMap<>();
        for (JsonNode run : new ObjectMapper()
                .readTree(report.resolve("results.json").toFile())
                .path("runs")) {
            Set<String> found = new TreeSet<>();
            run.path("evidence")
                    .forEach(each -> found.add(each.path("signature").asText()));
            Set<String> controls = new TreeSet<>();
            for (Iterator<Map.Entry<String, JsonNode>> each =
                            run.path("controls").fields();
                    each.hasNext(); ) {
                Map.Entry<String, JsonNode> control = each.next();
                controls.add(control.getKey() + " " + control.getValue().path("passed"));
            }
            String old = runs.put(
                    run.path("reproducer").asText() + " "
                            + run.path("kernel").path("key").asText() + " " + run.path("attempt"),
                    run.path("verdict").asText() + " " + run.path("asExpected") + " " + found + " " + controls);
            assertThat(old).as("a run that is there twice").isNull();
        }
        return runs;
    }

    @Test
    void aDyingClusterGivesTheReportOfOneMachine() throws Exception {
        boolean there = new ProcessBuilder("sh", "-c", "command -v slurmctld slurmd munged sbatch >/dev/null")
                        .start()
                        .waitFor()
                == 0;
        assumeTrue(there, "Slurm is not installed (scripts/prepare-slurm)");
        Files.writeString(folder.resolve("quiet.sh"), "#!/bin/sh\necho hello\n");
        Path plan = folder.resolve("plan.json");
        Files.writeString(
                plan,
                ksplat(
                        0,
                        "plan",
                        "./quiet.sh",
                        "res-spin-lock-aa",
                        "--kernel",
                        "debian:7.2",
                        "--repeat",
                        Integer.toString(ATTEMPTS),
                        "--attempts",
                        "1",
                        "--json"));

        ksplat(0, "run", "--plan", "plan.json", "--report", "one");
        ksplat(0, "merge", "one", "--report", "one-joint");

        Path report = folder.resolve("fleet");
        String told = run(
                0,
                List.of(
                        "bash",
                        SCRIPTS.resolve("slurm-cluster").toString(),
                        folder.resolve("cluster").toString(),
                        "4",
                        "bash",
                        SCRIPTS.resolve("slurm-drive").toString(),
                        folder.resolve("ksplat").toString(),
                        plan.toString(),
                        report.toString(),
                        folder.resolve("cluster").toString()));
        System.out.print(told);

        assertThat(told).containsPattern("tasks that were started again: [1-9]");
        Path joint = folder.resolve("fleet-joint");
        assertThat(timeless(joint)).hasSize(ATTEMPTS * REPRODUCERS).isEqualTo(timeless(folder.resolve("one-joint")));
        assertThat(Files.readString(report.resolve("log/merge"))).contains("24 of 24 units of the plan are here");

        // The opposite: without a unit nothing is as expected.
        run(0, List.of("rm", "-r", report.resolve("units/unit-0007").toString()));
        assertThat(ksplat(3, "merge", "fleet", "--report", "less"))
                .contains("missing: unit-0007 (", "1 INCONCLUSIVE", "23 of 24 units");
    }
}
