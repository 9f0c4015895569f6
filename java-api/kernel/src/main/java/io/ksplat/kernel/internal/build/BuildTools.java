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
 * make, compiler, linker and pahole: this machine's, or those behind a program that runs its arguments where they are, as {@code
 * PROGRAM [--read FOLDER | --write FOLDER]... -- COMMAND...} with the folders at their own paths, for as long as its standard input is
 * open. Thread-safe.
 */
public final class BuildTools {
    /** Names such a program. */
    static final String VARIABLE = "KSPLAT_BUILD_TOOLS";

    private static final Duration ASKING = Duration.ofMinutes(1);
    private static final List<String> DECISIVE = List.of("gcc", "ld", "pahole");
    private static final String CCACHE = "ccache";

    private static final String QUESTION = "for tool in " + String.join(" ", DECISIVE)
            + "; do said=$(\"$tool\" --version) || exit; printf '%s %s\\n' \"$tool\" \"$(echo \"$said\" | head -n 1)\"; done; "
            + "command -v " + CCACHE + " >/dev/null && echo " + CCACHE + "; :";

    private final Optional<String> elsewhere;
    private @Nullable Found found;

    private record Found(String versions, boolean ccache) {}

    private BuildTools(Optional<String> elsewhere) {
        this.elsewhere = elsewhere;
    }

    /** Returns the tools behind a program. */
    public static BuildTools behind(String program) {
        return new BuildTools(Optional.of(program));
    }

    /** Those that {@value #VARIABLE} names, else this machine's. */
    public static BuildTools chosen() {
        return new BuildTools(Optional.ofNullable(System.getenv(VARIABLE)).filter(program -> !program.isBlank()));
    }

    boolean areElsewhere() {
        return elsewhere.isPresent();
    }

    /** What a kernel depends on besides its source and configuration: the first line that each tool says of its version. */
    String versions() throws IOException, InterruptedException, KernelException {
        return found().versions();
    }

    boolean haveCcache() throws IOException, InterruptedException, KernelException {
        return found().ccache();
    }

    private synchronized Found found() throws IOException, InterruptedException, KernelException {
        if (found == null) {
            Command.Outcome said =
                    tool(ASKING, List.of(), List.of("sh", "-c", QUESTION)).run(Path.of("/"));
            List<String> versions = said.lines().stream()
                    .filter(line -> DECISIVE.stream().anyMatch(tool -> line.startsWith(tool + " ")))
                    .toList();
            if (!said.ok() || versions.size() != DECISIVE.size()) {
                throw new KernelException("a kernel needs " + String.join(", ", DECISIVE) + " to be built, and "
                        + elsewhere.orElse("this machine") + " says: "
                        + (said.lines().isEmpty()
                                ? "exit code " + said.exit()
                                : said.lines().get(said.lines().size() - 1))
                        + " (`ksplat doctor` names the packages)");
            }
            found = new Found(String.join("\n", versions), said.lines().contains(CCACHE));
        }
        return found;
    }

    /** Runs a command that reads one folder and writes another one, and works in that. */
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
        return tool(deadline, folders, words).run(write, Map.of(), eachLine);
    }

    private Command tool(Duration deadline, List<String> folders, List<String> command) {
        if (elsewhere.isEmpty()) {
            return new Command(deadline, command);
        }
        List<String> words = new ArrayList<>(List.of(elsewhere.get()));
        words.addAll(folders);
        words.add("--");
        words.addAll(command);
        return Command.held(deadline, words);
    }
}
