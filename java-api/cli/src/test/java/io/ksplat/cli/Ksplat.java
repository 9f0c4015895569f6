// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** ksplat as a process of its own, with a temporary folder of its own, so that whatever it leaves behind can be found. */
final class Ksplat {
    private static final long LIMIT_S = 240;
    private static final long A_MOMENT = TimeUnit.SECONDS.toNanos(10);

    final Path temporary;
    final Path report;
    private final Path out;
    private final Path err;
    private final Process process;

    private Ksplat(Path folder, List<String> before, Map<String, String> environment, String... arguments)
            throws IOException {
        temporary = Files.createDirectories(folder.resolve("tmp"));
        report = folder.resolve("report");
        out = folder.resolve("out");
        err = folder.resolve("err");
        List<String> words = new ArrayList<>(before);
        words.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                "io.ksplat.cli.Main"));
        words.addAll(Arrays.asList(arguments));
        if (arguments[0].equals("run") && !Arrays.asList(arguments).contains("--report")) {
            words.addAll(List.of("--report", report.toString()));
        }
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        process = builder.start();
    }

    static Ksplat start(Path folder, String... arguments) throws IOException {
        return new Ksplat(folder, List.of(), new HashMap<>(), arguments);
    }

    static Ksplat start(Path folder, Map<String, String> environment, String... arguments) throws IOException {
        return new Ksplat(folder, List.of(), environment, arguments);
    }

    /** Starts it by commands that stand before it, and that end in exec. */
    static Ksplat startUnder(Path folder, List<String> before, Map<String, String> environment, String... arguments)
            throws IOException {
        return new Ksplat(folder, before, environment, arguments);
    }

    /** Runs it to its end by commands that stand before it, and that end in exec. */
    static Ksplat under(Path folder, List<String> before, Map<String, String> environment, String... arguments)
            throws Exception {
        Ksplat ksplat = new Ksplat(folder, before, environment, arguments);
        ksplat.exit();
        return ksplat;
    }

    static Ksplat run(Path folder, String... arguments) throws Exception {
        return run(folder, Map.of(), arguments);
    }

    static Ksplat run(Path folder, Map<String, String> environment, String... arguments) throws Exception {
        Ksplat ksplat = new Ksplat(folder, List.of(), environment, arguments);
        ksplat.exit();
        return ksplat;
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    /** Waits for its end. */
    int exit() throws Exception {
        return exit(Duration.ofSeconds(LIMIT_S));
    }

    /** Waits for its end, which may take longer than others'. */
    int exit(Duration limit) throws Exception {
        if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("ksplat did not end in " + limit.toSeconds() + " s: " + err());
        }
        return process.exitValue();
    }

    /** Waits for its end, but no longer than it takes; returns whether it has ended. */
    boolean ends(long time, TimeUnit unit) throws InterruptedException {
        return process.waitFor(time, unit);
    }

    String out() throws IOException {
        return Files.readString(out, StandardCharsets.UTF_8);
    }

    String err() throws IOException {
        return Files.readString(err, StandardCharsets.UTF_8);
    }

    /** The verdict of a reproducer's first run, as it printed it; {@code none} if it printed none. */
    String outcome(String reproducer) throws IOException {
        return out().lines()
                .filter(line -> line.matches("[A-Z]+  " + reproducer + " on .*"))
                .map(line -> line.replaceFirst(" .*", ""))
                .findFirst()
                .orElse("none");
    }

    /** The only run in results.json. */
    JsonNode onlyRun() throws IOException {
        JsonNode runs = results().path("runs");
        assertThat(runs).as("runs in results.json; stderr: " + err()).hasSize(1);
        return runs.get(0);
    }

    /** What a control of the only run saw. */
    int observed(String control) throws IOException {
        JsonNode found = onlyRun().path("controls").path(control);
        assertThat(found.isMissingNode())
                .as("control " + control + " is missing")
                .isFalse();
        return found.path("observed").asInt();
    }

    JsonNode results() throws IOException {
        return new ObjectMapper().readTree(report.resolve("results.json").toFile());
    }

    /** Waits until its progress says something. */
    void awaitProgress(String words) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!err().contains(words)) {
            assertThat(process.isAlive()).as("still running; stderr: " + err()).isTrue();
            assertThat(System.nanoTime())
                    .as("waiting for \"" + words + "\" in: " + err())
                    .isLessThan(end);
            Thread.sleep(20);
        }
    }

    /** Every process whose command names its temporary folder: guards, QEMUs. */
    List<ProcessHandle> machines() {
        return ProcessHandle.allProcesses()
                .filter(handle -> commandLine(handle).contains(temporary.toString()) && handle.pid() != process.pid())
                .toList();
    }

    ProcessHandle qemu() {
        return qemus().stream().findFirst().orElseThrow(() -> new AssertionError("no QEMU runs"));
    }

    List<ProcessHandle> qemus() {
        return machines().stream()
                .filter(handle -> commandLine(handle).startsWith("qemu"))
                .toList();
    }

    /** Waits until so many of its machines are there at once. */
    void awaitQemus(int number) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (qemus().size() != number) {
            assertThat(System.nanoTime())
                    .as("waiting for " + number + " QEMUs, there are " + qemus().size() + "; stderr: " + err())
                    .isLessThan(end);
            Thread.sleep(20);
        }
    }

    /** Fails unless nothing that it started runs and its temporary folder is empty, within a moment. */
    void assertNothingLeft() throws Exception {
        assertNothingRuns();
        long end = System.nanoTime() + A_MOMENT;
        while (!leftFiles().isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(leftFiles()).as("temporary files left").isEmpty();
    }

    /** Fails unless nothing that it started runs, within a moment. */
    void assertNothingRuns() throws Exception {
        long end = System.nanoTime() + A_MOMENT;
        while (!machines().isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(machines().stream().map(Ksplat::commandLine))
                .as("processes left")
                .isEmpty();
    }

    /** Sends a signal to processes, of which one or the other may have ended meanwhile. */
    static void signal(String signal, List<ProcessHandle> to) throws Exception {
        List<String> words = new ArrayList<>(List.of("kill", "-" + signal));
        to.forEach(one -> words.add(Long.toString(one.pid())));
        new ProcessBuilder(words).start().waitFor();
    }

    private List<Path> leftFiles() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            // The JVM's own, of performance counters, is not ksplat's.
            return files.filter(file -> !file.getFileName().toString().startsWith("hsperfdata"))
                    .toList();
        }
    }

    private static String commandLine(ProcessHandle handle) {
        try {
            return Files.readString(
                            Path.of("/proc", Long.toString(handle.pid()), "cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException e) {
            // It ended meanwhile.
            return "";
        }
    }
}
