// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The one reproducer of a command: its argument, or the option. */
final class ReproducerMixin {
    /** What a reproducer is, in help texts. */
    static final String FORMS =
            "an id (see: ksplat list) or a file (see: ksplat help own-reproducers); one case of it: ID/CASE, FILE/CASE";

    @Parameters(
            paramLabel = "REPRODUCER",
            description = "The reproducer: " + FORMS + ". Arguments of a program stand behind --.")
    private List<String> arguments = List.of();

    @Mixin
    private ProgramMixin programs = new ProgramMixin();

    @Option(names = "--reproducer", paramLabel = "REPRODUCER", description = "The same, as an option.")
    private @Nullable String named;

    /** Returns what is said of programs. */
    ProgramMixin.Words program(CommandSpec spec) {
        return programs.words(spec);
    }

    /** Returns what it means. */
    Reproducers.Choice choice(CommandSpec spec) throws IOException {
        List<String> words = new ArrayList<>(ProgramMixin.own(spec, arguments));
        if (named != null) {
            words.add(named);
        }
        if (words.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "name a reproducer: " + FORMS);
        }
        List<Reproducers.Choice> found = new Reproducers(programs.words(spec)).find(words);
        if (found.size() > 1) {
            throw new ParameterException(
                    spec.commandLine(), "two reproducers, " + String.join(" and ", words) + ": one is needed");
        }
        return found.get(0);
    }
}
