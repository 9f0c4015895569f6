// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * make, compiler, linker and pahole: those of this machine, or those of another place, for example a container. A runner program runs
 * commands there, as {@code RUNNER [--read FOLDER | --write FOLDER]... -- COMMAND...}, with the folders at the same paths, and ends them
 * when its standard input is closed. Thread-safe.
 */
public final class BuildTools {
    /** The environment variable that names the runner program. */
    static final String VARIABLE = "KSPLAT_BUILD_TOOLS";

    private static final Duration QUERY = Duration.ofMinutes(1);
    private static final List<String> KEY_TOOLS = List.of("gcc", "ld", "pahole");
    private static final String CCACHE = "ccache";

    private static final String VERSIONS = "for tool in " + String.join(" ", KEY_TOOLS)
            + "; do version=$(\"$tool\" --version) || exit; printf '%s %s\\n' \"$tool\" \"$(echo \"$version\" | head -n 1)\"; done; "
            + "command -v " + CCACHE + " >/dev/null && echo " + CCACHE + "; :";

    private final Optional<String> runner;
    private @Nullable Found found;

    private record Found(String versions, boolean ccache) {}

    private BuildTools(Optional<String> runner) {
        this.runner = runner;
    }

    /** Returns the tools that a runner program reaches. */
    public static BuildTools behind(String program) {
        return new BuildTools(Optional.of(program));
    }

    /** Returns the tools behind the runner that {@value #VARIABLE} names, else those of this machine. */
    public static BuildTools chosen() {
        return new BuildTools(Optional.ofNullable(System.getenv(VARIABLE)).filter(program -> !program.isBlank()));
    }

    boolean areRemote() {
        return runner.isPresent();
    }

    /** Returns the first line of the version of each tool: what a kernel depends on besides source and configuration. */
    String versions() throws IOException, InterruptedException, KernelException {
        return found().versions();
    }

    boolean haveCcache() throws IOException, InterruptedException, KernelException {
        return found().ccache();
    }

    private synchronized Found found() throws IOException, InterruptedException, KernelException {
        if (found == null) {
            Command.Outcome outcome =
                    command(QUERY, List.of(), List.of("sh", "-c", VERSIONS)).run(Path.of("/"));
            List<String> versions = outcome.lines().stream()
                    .filter(line -> KEY_TOOLS.stream().anyMatch(tool -> line.startsWith(tool + " ")))
                    .toList();
            if (!outcome.ok() || versions.size() != KEY_TOOLS.size()) {
                throw new KernelException("building a kernel needs " + String.join(", ", KEY_TOOLS) + "; "
                        + runner.orElse("this machine") + " says: "
                        + (outcome.lines().isEmpty()
                                ? "exit code " + outcome.exit()
                                : outcome.lines().get(outcome.lines().size() - 1))
                        + " (`ksplat doctor` names the packages)");
            }
            found = new Found(String.join("\n", versions), outcome.lines().contains(CCACHE));
        }
        return found;
    }

    /** Runs a command that reads one folder, and writes and works in another one. */
    Command.Outcome run(
            Duration deadline,
            Path read,
            Path write,
            Map<String, String> environment,
            List<String> command,
            Consumer<String> eachLine)
            throws IOException, InterruptedException, KernelException {
        List<String> folders = List.of("--read", read.toString(), "--write", write.toString());
        List<String> words = new ArrayList<>(List.of("env", "LC_ALL=C"));
        new TreeMap<>(environment).forEach((name, value) -> words.add(name + "=" + value));
        words.addAll(command);
        return command(deadline, folders, words).run(write, Map.of(), eachLine);
    }

    private Command command(Duration deadline, List<String> folders, List<String> command) {
        if (runner.isEmpty()) {
            return new Command(deadline, command);
        }
        List<String> words = new ArrayList<>(List.of(runner.get()));
        words.addAll(folders);
        words.add("--");
        words.addAll(command);
        return Command.endedByInput(deadline, words);
    }
}
