// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Takes the name of a command, as picocli's own command of this name does, and the name of a guide. */
@Command(
        name = "help",
        description = "Prints a guide, or how a command is used. Without a name, lists the guides.",
        helpCommand = true,
        mixinStandardHelpOptions = true)
final class HelpCommand implements Callable<Integer> {
    /** What the launcher of a checkout does itself: it must work where nothing is built. */
    static final Map<String, String> LAUNCHERS =
            Map.of("verify", "runs ksplat's own tests", "dist", "packs ksplat into a package, an archive and one file");

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "TASK", description = "The name of a guide or of a command.")
    private @Nullable String name;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (name == null) {
            list(out);
        } else {
            print(name, out);
        }
        out.flush();
        return Exit.EXPECTED;
    }

    private static void list(PrintWriter out) throws IOException {
        out.println("Guides:");
        for (Guides.Guide guide : guides().all()) {
            out.printf("  %-22s %s%n", guide.name(), guide.tells());
        }
        out.println("To read one: ksplat help NAME. The commands: ksplat --help; one of them: ksplat help COMMAND");
    }

    private static Guides guides() throws IOException {
        return Guides.installed()
                .orElseThrow(() -> new IOException("the guides are not found: ksplat.home is \""
                        + System.getProperty("ksplat.home", "") + "\", and has no docs/README.md"));
    }

    /** What is both is printed as both. */
    private void print(String wanted, PrintWriter out) throws IOException {
        CommandLine command = spec.root().commandLine().getSubcommands().get(wanted);
        if (command != null) {
            command.usage(out);
        }
        Optional<Guides.Guide> guide = Guides.installed().flatMap(guides -> guides.find(wanted));
        if (guide.isPresent()) {
            out.print(command == null ? "" : "\n");
            out.print(guide.get().text());
            out.println("\nFile: " + guide.get().file());
        } else if (LAUNCHERS.containsKey(wanted)) {
            out.println("ksplat " + wanted + ": " + LAUNCHERS.get(wanted)
                    + ", in a checkout of ksplat. How it is used: ./ksplat " + wanted + " --help");
        } else if (command == null) {
            throw new ParameterException(spec.commandLine(), unknown(wanted));
        }
    }

    private static String unknown(String wanted) throws IOException {
        return "there is no guide and no command " + wanted + "; the guides: "
                + guides().all().stream().map(Guides.Guide::name).collect(Collectors.joining(", "));
    }
}
