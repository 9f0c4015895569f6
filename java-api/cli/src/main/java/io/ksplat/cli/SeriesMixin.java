// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.patch.SeriesTrial;
import io.ksplat.engine.Catalogue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What the commands that try a series of patches have in common. */
final class SeriesMixin {
    private static final int MOST = 100;
    private static final int MOST_OF_EACH = 10;

    @Option(names = "--base", paramLabel = "REV", description = "Where it applies, default HEAD.")
    private @Nullable String base;

    @Option(
            names = "--reproducer",
            paramLabel = "REPRODUCER",
            description = "A reproducer: " + ReproducerMixin.FORMS
                    + ". May be given several times: what has no bug on the base has to stay so.")
    private List<String> reproducers = List.of();

    @Option(
            names = "--all",
            description = "Each reproducer of the catalogue: which verdicts change? Needs no bug on the base.")
    private boolean all;

    @Option(names = "--profile", paramLabel = "NAME", defaultValue = "lockdep", description = "Default lockdep.")
    private String profile = "lockdep";

    @Option(
            names = "--error",
            paramLabel = "RATE",
            defaultValue = "0.05",
            description = "How probable a wrong verdict may be, default 0.05.")
    private double error;

    @Option(
            names = "--most",
            paramLabel = "N",
            description =
                    "Runs of each kernel after which it cannot be told, default 100; with --all, of each reproducer"
                            + " and default 10.")
    private @Nullable Integer most;

    @Mixin
    private ProgramMixin programs = new ProgramMixin();

    /** Returns whether an option says which reproducers. */
    boolean namesReproducers() {
        return all || !reproducers.isEmpty();
    }

    /**
     * Returns the question of a trial.
     *
     * @param known the base if none is given
     */
    SeriesTrial.Question question(CommandSpec spec, Path tree, Optional<String> known, boolean each) {
        int pairs = most != null ? most : all ? MOST_OF_EACH : MOST;
        if (pairs < 1 || !(error > 0 && error < 0.5)) {
            throw new ParameterException(spec.commandLine(), "--most is at least 1, --error between 0 and 0.5");
        }
        String from = base == null ? known.orElse("HEAD") : base;
        return new SeriesTrial.Question(tree, from, profile, each, all, error, pairs);
    }

    /** Returns the entries of what options and arguments name. */
    List<Catalogue.Entry> entries(CommandSpec spec, List<String> arguments) throws IOException {
        if (all) {
            if (!reproducers.isEmpty() || !arguments.isEmpty()) {
                throw new ParameterException(
                        spec.commandLine(), "--all is each reproducer of the catalogue: name none beside it");
            }
            return new Reproducers(programs.words(spec)).catalogue().entries();
        }
        List<String> named = new ArrayList<>(reproducers);
        named.addAll(arguments);
        return new Reproducers(programs.words(spec))
                .find(named).stream()
                        .flatMap(choice -> choice.entries().stream())
                        .distinct()
                        .toList();
    }
}
