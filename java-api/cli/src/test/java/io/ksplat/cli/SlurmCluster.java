// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;

/**
 * The distribution's Slurm with a controller and the nodes n1 to n4, all on this host and in namespaces: nothing is installed, and it ends
 * with this JVM, however that ends.
 */
final class SlurmCluster implements AutoCloseable {
    private static final Duration PREPARE = Duration.ofMinutes(5);
    private static final Duration COMMAND = Duration.ofMinutes(4);
    private static final Duration PATIENCE = Duration.ofMinutes(20);

    private final Path folder;
    private final Path output;
    private final Process guard;
    private final long init;

    private SlurmCluster(Path folder, Path slurm, String full) throws Exception {
        this.folder = folder;
        this.output = folder.resolve("cluster.log");
        Path script = folder.resolve("start");
        try (InputStream source = SlurmCluster.class.getResourceAsStream("slurm/cluster")) {
            Files.copy(Objects.requireNonNull(source), script);
        }
        guard = new ProcessBuilder(
                        Path.of("../../native/build/ksplat-guard")
                                .toAbsolutePath()
                                .toString(),
                        // Without it the guard would take the capabilities that the nodes' namespaces need.
                        "--host-network",
                        "--",
                        "unshare",
                        "--mount",
                        "--net",
                        "--uts",
                        "--pid",
                        "--fork",
                        "--kill-child",
                        "--mount-proc",
                        "bash",
                        script.toString(),
                        slurm.toString(),
                        folder.toString(),
                        full)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                // The guard gives the command's stdout this name, too.
                .redirectError(output.toFile())
                .start();
        try {
            await("the cluster is set up", () -> Files.readString(output).contains("ready"));
            init = guard.descendants()
                    .mapToLong(ProcessHandle::pid)
                    .filter(SlurmCluster::isFirstOfItsNamespace)
                    .findFirst()
                    .orElseThrow();
            await("four nodes are idle", () -> run("sinfo -h -t idle -o %D").equals("4"));
        } catch (Throwable t) {
            close();
            throw t;
        }
    }

    /** Starts one, whose files go to a folder. */
    static SlurmCluster start(Path folder) throws Exception {
        return start(folder, "none");
    }

    /**
     * Starts one.
     *
     * @param full the node whose disk is full
     */
    static SlurmCluster start(Path folder, String full) throws Exception {
        Skips.unless("root".equals(System.getProperty("user.name")), "Slurm is not tested: only root can start nodes");
        return new SlurmCluster(
                folder, Skips.unlessPrepared(folder, PREPARE, "prepare-slurm", "Slurm is not tested"), full);
    }

    /** The first process of the cluster's namespace has two numbers, that of a node three. */
    private static boolean isFirstOfItsNamespace(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "status"))
                    .matches("(?s).*\nNSpid:\t[0-9]+\t1\n.*");
        } catch (IOException e) {
            // It ended meanwhile.
            return false;
        }
    }

    /** The nodes' own scratch folder, as each of them names it. */
    Path scratch() {
        return folder.resolve("scratch");
    }

    /** Writes a launcher for each node, whose temporary files go to the node's own disk. */
    static Path launcher(Path folder, Path scratch) throws IOException {
        Path launcher = Files.writeString(folder.resolve("ksplat"), """
                #!/bin/bash
                mkdir -p '%1$s' && exec '%2$s' -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \\
                	-Djava.io.tmpdir='%1$s' -cp '%3$s' io.ksplat.cli.Main "$@"
                """.formatted(
                        scratch,
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        System.getProperty("java.class.path")));
        return Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Runs a command of bash in it, and returns what it said. */
    String run(String command) throws Exception {
        HeldProcess ended = attempt(command);
        assertThat(ended.status()).as("%s: %s", command, ended.output()).isZero();
        return ended.output().strip();
    }

    HeldProcess attempt(String command) throws Exception {
        List<String> words = new ArrayList<>(inside());
        words.addAll(List.of("bash", "-c", command));
        return HeldProcess.run(folder, COMMAND, words.toArray(String[]::new));
    }

    /** Returns what runs a command in it. */
    List<String> inside() {
        return List.of(
                "nsenter",
                "--target",
                Long.toString(init),
                "--mount",
                "--net",
                "--uts",
                "--pid",
                "env",
                "SLURM_CONF=" + folder.resolve("slurm.conf"));
    }

    /** Returns the numbers of the jobs that run on a node. */
    List<String> running(String node) throws Exception {
        // The controller may be starting again.
        HeldProcess ended = attempt("squeue -h -t RUNNING -o %A -w " + node);
        return ended.status() == 0
                ? ended.output().lines().filter(line -> line.matches("[0-9]+")).toList()
                : List.of();
    }

    /** Pulls a node's plug. */
    void kill(String node) throws Exception {
        run("kill -9 $(cat " + folder.resolve(node + ".pid") + ")");
    }

    /** Kills the Javas of a node, as its kernel does when memory is short. */
    void killJava(String node) throws Exception {
        run("""
                first=$(pgrep -P "$(cat '%s')") || exit 0
                for process in $(pgrep -x java); do
                	[ "$(readlink /proc/$process/ns/pid)" != "$(readlink /proc/$first/ns/pid)" ] || kill -9 $process
                done
                true""".formatted(folder.resolve(node + ".pid")));
    }

    /** Kills the controller, which is started again. */
    void killController() throws Exception {
        run("pkill -9 -x slurmctld");
    }

    /** Returns what the controller wrote into its log. */
    String log() throws IOException {
        return Files.readString(folder.resolve("log/slurmctld"), StandardCharsets.ISO_8859_1);
    }

    /** Waits until something holds. */
    void await(String what, Callable<Boolean> holds) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!holds.call()) {
            assertThat(guard.isAlive())
                    .as("the cluster is up: " + Files.readString(output))
                    .isTrue();
            assertThat(System.nanoTime()).as("waiting until " + what).isLessThan(end);
            Thread.sleep(200);
        }
    }

    @Override
    public void close() throws IOException {
        guard.getOutputStream().close();
        try {
            guard.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
