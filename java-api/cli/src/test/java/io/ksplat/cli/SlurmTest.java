// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ksplat submit slurm --go} on a real Slurm, in which everything goes wrong that does in a night: the joint report is that of one
 * machine.
 */
@Tag("machine")
class SlurmTest {
    /** Quick ones, of several verdicts, each of which is reached each time. */
    private static final List<String> REPRODUCERS =
            List.of("map-reentry/hash", "map-reentry/lru", "map-reentry/lru-other-map", "kptr-acquire/without-rcu");

    private static final int UNITS = 64;

    private static final int SHARDS = 8;
    private static final Duration ONE_MACHINE = Duration.ofMinutes(20);

    /** What says when, how long, by whose command and on which CPU; the rest is the same on any machine. */
    private static final List<String> TIMES =
            List.of("timings", "timeline", "samples", "watchedMs", "tool", "origin", "bootRetries", "notes");

    private static final Pattern BACK =
            Pattern.compile("^ksplat ended with (\\d+) on (n\\d) in array (\\d+): ", Pattern.MULTILINE);

    @TempDir
    Path folder;

    private Path plan() throws Exception {
        return plan(folder, UNITS);
    }

    static Path plan(Path folder, int units) throws Exception {
        List<String> words = new ArrayList<>(List.of("plan", "--kernel", "debian:6.12", "--attempts", "1", "--json"));
        words.addAll(REPRODUCERS);
        // So that some tasks end with 1, which is a result.
        words.addAll(List.of("--repeat", Integer.toString(units / REPRODUCERS.size()), "--expect", "CLEAN"));
        Ksplat plan = Ksplat.run(Files.createDirectory(folder.resolve("plan")), words.toArray(String[]::new));
        assertThat(plan.exit()).as(plan.err()).isZero();
        return Files.writeString(folder.resolve("plan.json"), plan.out());
    }

    /** What a joint report says, but for times. */
    private static Set<String> said(Path joint) throws Exception {
        Set<String> runs = new TreeSet<>();
        JsonNode results =
                new ObjectMapper().readTree(joint.resolve("results.json").toFile());
        for (JsonNode run : results.path("runs")) {
            ObjectNode kept = ((ObjectNode) run).remove(TIMES);
            // The cause; what else a dead CPU holds up, and what it did before, depends on the moment.
            String cause = run.at("/evidence/0/signature").asText();
            List<String> more = new ArrayList<>(List.of("evidence", "message", "because"));
            if (run.path("verdict").asText().equals("DEADLOCK")) {
                more.add("controls");
            }
            runs.add(kept.without(more) + " " + cause);
        }
        assertThat(runs).hasSize(UNITS);
        assertThat(results.at("/plan/units")).hasSize(UNITS);
        return runs;
    }

    private static List<String> names(Path folder) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** Each unit of a shard runs twice: one report stays. */
    private void runTwiceAtOnce(Path plan, Path report) throws Exception {
        List<Ksplat> both = new ArrayList<>();
        for (String name : List.of("one", "other")) {
            both.add(Ksplat.start(
                    Files.createDirectory(folder.resolve(name)),
                    "run",
                    "--plan",
                    plan.toString(),
                    "--shard",
                    "1/" + SHARDS,
                    "--report",
                    report.toString()));
        }
        int slower = 0;
        for (Ksplat ksplat : both) {
            assertThat(ksplat.exit(ONE_MACHINE)).as(ksplat.err()).isLessThan(2);
            slower += ksplat.out().split("another run of it was faster", -1).length - 1;
        }
        List<String> done = names(report.resolve("units"));
        assertThat(done).hasSize(UNITS / SHARDS);
        assertThat(slower).isEqualTo(done.size());
        assertThat(names(report.resolve("begun"))).isEmpty();
    }

    private static String logs(Path report) throws Exception {
        StringBuilder all = new StringBuilder();
        for (String name : names(report.resolve("log"))) {
            all.append(Files.readString(report.resolve("log").resolve(name))).append('\n');
        }
        return all.toString();
    }

    private static boolean wentBack(Path report, int code, String node) throws Exception {
        return logs(report).contains("ksplat ended with " + code + " on " + node + " ");
    }

    /**
     * Writes a launcher whose tasks on n2, n3 and n4 do not end before {@link #free}: what happens to n2 and n3 always meets a task that
     * runs, its units done or not, and no task of n4 fails in the seconds that a killed controller forgets, for then nobody would put it back.
     */
    private Path holding(Path launcher) throws Exception {
        Path holding = Files.writeString(folder.resolve("holding"), """
                #!/bin/bash
                '%1$s' "$@"
                code=$?
                case "$1 $SLURMD_NODENAME" in
                'run n2' | 'run n3' | 'run n4') until [ -e '%2$s'/free-"$SLURMD_NODENAME" ]; do sleep 0.5; done ;;
                esac
                exit $code
                """.formatted(launcher, folder));
        return Files.setPosixFilePermissions(holding, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void free(String node) throws Exception {
        Files.createFile(folder.resolve("free-" + node));
    }

    /** Lets happen to the array what happens in a night. */
    private void disturb(SlurmCluster cluster, Path report) throws Exception {
        cluster.await("a task was killed on n1", () -> {
            if (!wentBack(report, 137, "n1") && !cluster.running("n1").isEmpty()) {
                cluster.killJava("n1");
            }
            return wentBack(report, 137, "n1");
        });
        cluster.await("n3 has work", () -> !cluster.running("n3").isEmpty());
        String requeued = cluster.running("n3").get(0);
        cluster.run("scontrol requeue " + requeued);
        free("n3");
        cluster.await("n2 has work", () -> !cluster.running("n2").isEmpty());
        cluster.kill("n2");
        // Until then the task is on, for the controller.
        cluster.await("the controller misses n2", () -> cluster.log().contains("due to failure of node n2"));
        cluster.killController();
        cluster.await(
                "the controller is back", () -> cluster.attempt("squeue -h").status() == 0);
        free("n4");
        cluster.await("all jobs have ended", () -> {
            HeldProcess queue = cluster.attempt("squeue -h -o '%A %r'");
            // A controller that forgot a start has the node start the task again, which refuses: that is for an
            // operator.
            for (String line : queue.output().lines().toList()) {
                if (line.contains("launch failed requeued held")) {
                    cluster.run("scontrol release " + line.replaceFirst(" .*", ""));
                }
            }
            return queue.status() == 0 && queue.output().isBlank();
        });
        assertThat(cluster.log())
                .containsPattern("Requeuing JobId=(\\S+\\()?" + requeued + "\\b")
                .containsPattern("(?s)due to failure of node n2.*slurmctld version .* started on cluster");
    }

    /**
     * Slurm is real here, and the ksplat of task N a script that ends as it is told. The last task fails, because Slurm gives it the number of
     * the whole array.
     */
    @Test
    @Tag("full")
    void onlyAKsplatThatFailedOrWasKilledIsTriedAgainAndTwiceAtMost() throws Exception {
        Path plan = plan();
        Path report = folder.resolve("report");
        Path ends = Files.writeString(folder.resolve("ends"), """
                #!/bin/bash
                [ "$1" = run ] || exit 0
                echo "$SLURMD_NODENAME" >>'%s'/tries-"$SLURM_ARRAY_TASK_ID"
                case $SLURM_ARRAY_TASK_ID in
                1) exit 0 ;; 2) exit 1 ;; 3) exit 2 ;; 4) exit 139 ;; 5) kill -9 $$ ;; 6) exit 3 ;;
                esac
                """.formatted(folder));
        Files.setPosixFilePermissions(ends, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (SlurmCluster cluster = SlurmCluster.start(Files.createDirectory(folder.resolve("slurm")))) {
            Path launcher = SlurmCluster.launcher(folder, cluster.scratch());
            cluster.run(launcher + " submit slurm --go --plan " + plan + " --report " + report + " --shards 6 --ksplat "
                    + ends);
            cluster.await("all jobs have ended", () -> cluster.run("squeue -h").isEmpty());
        }
        List<Integer> tries = new ArrayList<>();
        for (int task = 1; task <= 6; task++) {
            List<String> nodes = Files.readAllLines(folder.resolve("tries-" + task));
            tries.add(nodes.size());
            assertThat(nodes).as("each try is on another node").doesNotHaveDuplicates();
        }
        assertThat(tries).as(logs(report)).containsExactly(1, 1, 1, 1, 3, 3);
    }

    @Test
    @Tag("full")
    void theJointReportIsThatOfOneMachineWhateverHappens() throws Exception {
        Path plan = plan();
        Path report = folder.resolve("report");
        Path joint = folder.resolve("report-joint");
        try (SlurmCluster cluster = SlurmCluster.start(Files.createDirectory(folder.resolve("slurm")), "n4")) {
            runTwiceAtOnce(plan, report);
            Path launcher = SlurmCluster.launcher(folder, cluster.scratch());
            assertThat(cluster.run(launcher + " submit slurm --go --plan " + plan + " --report " + report + " --shards "
                            + SHARDS + " --ksplat " + holding(launcher)))
                    .contains("array ", ", " + SHARDS + " tasks", "the joint report goes to " + joint);
            disturb(cluster, report);
        }

        String logs = logs(report);
        assertThat(logs).contains(UNITS + " of " + UNITS + " units of the plan are here", "done before");
        for (String task : names(report.resolve("log"))) {
            Matcher line = BACK.matcher(Files.readString(report.resolve("log").resolve(task)));
            Set<String> nodes = new TreeSet<>();
            while (line.find()) {
                assertThat(nodes.add(line.group(2)))
                        .as("task %s is not run again where it failed: %s", task, logs)
                        .isTrue();
                assertThat(line.group(1)).as(logs).isEqualTo(line.group(2).equals("n4") ? "3" : "137");
            }
        }
        assertThat(wentBack(report, 3, "n4"))
                .as("n4, whose disk is full, failed: " + logs)
                .isTrue();
        assertThat(names(report.resolve("failed"))).isNotEmpty();

        Ksplat one = Ksplat.start(
                Files.createDirectory(folder.resolve("alone")), "run", "--plan", plan.toString(), "--jobs", "2");
        assertThat(one.exit(ONE_MACHINE)).as(one.err()).isEqualTo(1);
        Path alone = folder.resolve("alone-joint");
        Ksplat merge = Ksplat.run(
                Files.createDirectory(folder.resolve("merge")),
                "merge",
                one.report.toString(),
                "--report",
                alone.toString());
        assertThat(merge.exit()).as(merge.err()).isEqualTo(1);
        assertThat(said(joint)).isEqualTo(said(alone));
    }
}
