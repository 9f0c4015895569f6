// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The one reproducer of a command: its argument, or the option. */
final class ReproducerMixin {
    /** What a reproducer is, in help texts. */
    static final String FORMS =
            "an id (see: ksplat list) or a file (see: ksplat help own-reproducers); one case of it: ID/CASE, FILE/CASE";

    @Parameters(paramLabel = "REPRODUCER", arity = "0..1", description = "The reproducer: " + FORMS + ".")
    private @Nullable String argument;

    @Option(names = "--reproducer", paramLabel = "REPRODUCER", description = "The same, as an option.")
    private @Nullable String named;

    /** Returns what it means. */
    Reproducers.Choice choice(CommandSpec spec) throws IOException {
        String word = named == null ? argument : named;
        if (word == null || (named != null && argument != null)) {
            throw new ParameterException(
                    spec.commandLine(),
                    word == null
                            ? "name a reproducer: " + FORMS
                            : "two reproducers, " + argument + " and " + named + ": one is needed");
        }
        return new Reproducers().find(word);
    }
}
