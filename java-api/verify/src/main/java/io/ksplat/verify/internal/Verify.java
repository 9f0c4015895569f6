// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Runs the steps of a level, one after the other. */
final class Verify {
    private static final Duration LOOK = Duration.ofMillis(250);
    /** After the limit: what runs may end by itself for so long. */
    private static final Duration GRACE = Duration.ofMinutes(3);

    private static final int MAVEN_ERRORS = 3;
    private static final int BRIEF = 300;

    private final Path home;
    private final Options options;
    private final Terminal terminal;
    private final boolean strict;
    private final Tally tally;
    private final Estimate estimate;
    private final Path times;
    private final Path log;
    private final Path events;
    private final Instant begin = Instant.now();
    private final List<String> unfit = new ArrayList<>();
    /** What went wrong beside the tests: a build, a kernel. */
    private final List<String> broken = new ArrayList<>();

    /** Of tests that failed: the tag of their step. */
    private final Map<String, String> tags = new HashMap<>();

    private long read;

    /** @param strict whether a skip that nobody foresaw is a failure */
    Verify(Path home, Options options, Terminal terminal, Path cache, boolean strict) throws IOException {
        this.home = home;
        this.options = options;
        this.terminal = terminal;
        this.strict = strict;
        String level = options.level().name().toLowerCase(Locale.ROOT);
        this.tally = new Tally(Files.readAllLines(home.resolve(".ci/skips")).stream()
                .filter(line -> !line.startsWith("#") && !line.isBlank())
                .map(Pattern::compile)
                .toList());
        this.times = cache.resolve("verify").resolve("times-" + level);
        this.estimate = options.isPart()
                ? Estimate.read(List.of())
                : Estimate.read(List.of(times, home.resolve(".ci/times-" + level)));
        this.log = home.resolve("target").resolve("verify.log");
        this.events = home.resolve("target").resolve("verify.events");
    }

    /** Returns whether all is well. */
    boolean run() throws IOException, InterruptedException {
        Files.createDirectories(log.getParent());
        Files.writeString(log, "");
        Files.writeString(events, "");
        for (Step step : options.steps()) {
            if (late(Duration.ZERO)) {
                unfit.add(step.name());
            } else if (prepare(step)) {
                test(step);
            }
        }
        return conclude();
    }

    private boolean late(Duration grace) {
        return options.limit()
                .filter(limit -> Instant.now().isAfter(begin.plus(limit).plus(grace)))
                .isPresent();
    }

    private boolean prepare(Step step) throws IOException, InterruptedException {
        for (Step.Need need : step.needs()) {
            terminal.say("ksplat: making ready: " + need.what());
            List<String> command = new ArrayList<>(need.command());
            command.set(0, home.resolve(command.get(0)).toString());
            Process making = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            if (!await(making, Duration.ZERO, () -> {})) {
                unfit.add(step.name() + " (" + need.what() + " was not ready)");
                return false;
            }
            if (making.exitValue() != 0) {
                broken.add(need.what() + " cannot be had: " + String.join(" ", need.command()));
                return false;
            }
        }
        return true;
    }

    private void test(Step step) throws IOException, InterruptedException {
        terminal.say("ksplat: " + step.name());
        List<String> command = new ArrayList<>();
        if (step.container()) {
            command.addAll(
                    List.of(home.resolve("vm-images/container/with-docker").toString(), "--or-without"));
        }
        // Built before; Maven would compile the catalogue again, because its folders are not those of its packages.
        command.addAll(List.of("mvn", "-B", "-Dmaven.main.skip=true", "-Dmaven.test.failure.ignore=true", "verify"));
        command.addAll(step.maven());
        command.addAll(options.maven());
        long from = Files.size(log);
        command.add("-D" + EventListener.EVENTS + "=" + events);
        options.limit()
                .ifPresent(limit -> command.add(
                        "-D" + TimeLimit.UNTIL + "=" + begin.plus(limit).getEpochSecond()));
        Process maven = new ProcessBuilder(command)
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        boolean ended = await(maven, GRACE, () -> look(step));
        look(step);
        if (!ended) {
            tally.running().forEach(event -> unfit.add(event.className() + " (was running)"));
        } else if (maven.exitValue() != 0) {
            broken.addAll(mavenErrors(from));
        }
    }

    private interface Look {
        void look() throws IOException;
    }

    /** Waits for a process, and looks at what goes on. Returns whether it ended by itself before the limit; else it is killed. */
    private boolean await(Process process, Duration grace, Look look) throws IOException, InterruptedException {
        Thread killer = new Thread(() -> kill(process));
        Runtime.getRuntime().addShutdownHook(killer);
        try {
            while (!process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                look.look();
                if (late(grace)) {
                    kill(process);
                    process.waitFor();
                    return false;
                }
            }
            return true;
        } finally {
            kill(process);
            Runtime.getRuntime().removeShutdownHook(killer);
        }
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
    }

    /** Reads the events since the last look, and shows them. */
    private void look(Step step) throws IOException {
        for (String line : since().lines().toList()) {
            Event.parse(line).ifPresent(event -> {
                tally.add(event);
                if (event.kind() == Event.Kind.FAILED) {
                    tags.put(event.place(), step.tag());
                    terminal.say("FAILED   " + event.module() + " " + event.test() + ": " + brief(event));
                }
            });
        }
        Duration elapsed = Duration.between(begin, Instant.now());
        List<Event> running = tally.running();
        StringBuilder status = new StringBuilder("ksplat: " + tally.done());
        if (estimate.tests() > 0) {
            status.append(" of ").append(Math.max(estimate.tests(), tally.done()));
        }
        status.append(" tests");
        if (!tally.failed().isEmpty()) {
            status.append(", ").append(tally.failed().size()).append(" failed");
        }
        String left = Terminal.left(estimate.left(tally.ended(), elapsed));
        status.append(left.isEmpty() ? "" : ", " + left);
        status.append(running.isEmpty() ? "; building" : "; running:");
        running.forEach(event -> status.append(' ').append(simple(event.className())));
        terminal.status(status.toString());
    }

    private static String simple(String className) {
        return className.substring(className.lastIndexOf('.') + 1);
    }

    /** Returns the whole lines of the events file that were not read before. */
    private String since() throws IOException {
        try (InputStream in = Files.newInputStream(events, StandardOpenOption.READ)) {
            in.skipNBytes(read);
            byte[] bytes = in.readAllBytes();
            int end = bytes.length;
            while (end > 0 && bytes[end - 1] != '\n') {
                end--;
            }
            read += end;
            return new String(bytes, 0, end, StandardCharsets.UTF_8);
        }
    }

    private List<String> mavenErrors(long from) throws IOException {
        try (InputStream in = Files.newInputStream(log)) {
            in.skipNBytes(from);
            List<String> errors = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith("[ERROR]") && line.length() > "[ERROR] ".length())
                    .limit(MAVEN_ERRORS)
                    .toList();
            return errors.isEmpty() ? List.of("Maven failed without a word") : errors;
        }
    }

    private boolean conclude() throws IOException {
        List<Event> surprises = strict ? tally.surprises() : List.of();
        terminal.say("");
        tally.skipped().forEach(event -> terminal.say("skipped  " + event.test() + ": " + event.text()));
        tally.flaky()
                .forEach(event -> terminal.say(
                        "FLAKY    failed once: " + event.module() + " " + event.test() + ": " + brief(event)));
        tally.unfit().forEach(event -> terminal.say("not run  " + event.module() + " " + event.test() + ": no time"));
        unfit.forEach(name -> terminal.say("not run  " + name + ": no time"));
        surprises.forEach(event ->
                terminal.say("FAILED   unexpected skip, not in .ci/skips: " + event.test() + ": " + event.text()));
        tally.failed()
                .forEach(event -> terminal.say("FAILED   " + event.module() + " " + event.test()
                        + "\n         again: ./ksplat verify " + again(event)));
        if (options.only().isPresent() && tally.passed() + tally.failed().size() + broken.size() == 0) {
            broken.add("no test ran: there is none of that name, or all were skipped");
        }
        broken.forEach(what -> terminal.say("FAILED   " + what));
        int failed = tally.failed().size() + surprises.size() + broken.size();
        Duration wall = Duration.between(begin, Instant.now());
        if (tally.flaky().size() + failed > 0) {
            terminal.say("details: " + home.relativize(log) + ", and target/surefire-reports of the modules");
        } else if (!options.isPart() && unfit.isEmpty() && tally.unfit().isEmpty()) {
            Map<String, Long> classes = new HashMap<>(tally.ended());
            classes.values().removeIf(millis -> millis < 100);
            new Estimate(tally.done(), wall, classes).write(times);
        }
        terminal.say(String.format(
                Locale.ROOT,
                "%d min %d s; %d skipped, %d flaky",
                wall.toMinutes(),
                wall.toSecondsPart(),
                tally.skipped().size(),
                tally.flaky().size()));
        terminal.say(tally.passed() + " passed, " + failed + " failed");
        return failed == 0;
    }

    /** All of it is in the log. */
    private static String brief(Event event) {
        return event.text().length() > BRIEF ? event.text().substring(0, BRIEF) + " ..." : event.text();
    }

    /** Returns the arguments that run it again. An invocation cannot be chosen by itself. */
    private String again(Event event) {
        String tag = tags.getOrDefault(event.place(), "");
        return (tag.isEmpty() ? "" : "--tag " + tag + " ") + "--only '"
                + event.test().replaceAll("\\[.*", "") + "'";
    }
}
