// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.patch.SeriesTrial;
import io.ksplat.engine.Catalogue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

    @Mixin
    private ProfileMixin profile = new ProfileMixin();

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
        return new SeriesTrial.Question(tree, from, profile.name(), each, all, error, pairs, List.of());
    }

    /** Returns what is said of programs. */
    ProgramMixin.Words program(CommandSpec spec) {
        return programs.words(spec);
    }

    /** Returns what options and arguments name. */
    List<Reproducers.Choice> choices(CommandSpec spec, List<String> arguments) throws IOException {
        Reproducers known = new Reproducers(programs.words(spec));
        if (all) {
            if (!reproducers.isEmpty() || !arguments.isEmpty()) {
                throw new ParameterException(
                        spec.commandLine(), "--all is each reproducer of the catalogue: name none beside it");
            }
            return known.find(known.catalogue().entries().stream()
                    .map(Catalogue.Entry::id)
                    .distinct()
                    .toList());
        }
        List<String> named = new ArrayList<>(reproducers);
        named.addAll(arguments);
        return each(known.find(named));
    }

    /** No reproducer twice, also if a family and a case of it are named. */
    private static List<Reproducers.Choice> each(List<Reproducers.Choice> choices) {
        Set<Catalogue.Entry> seen = new HashSet<>();
        List<Reproducers.Choice> found = new ArrayList<>();
        for (Reproducers.Choice choice : choices) {
            List<Catalogue.Entry> more =
                    choice.entries().stream().filter(seen::add).toList();
            if (!more.isEmpty()) {
                found.add(new Reproducers.Choice(choice.word(), more, choice.digest()));
            }
        }
        return found;
    }

    /** Returns the entries of what options and arguments name. */
    List<Catalogue.Entry> entries(CommandSpec spec, List<String> arguments) throws IOException {
        return choices(spec, arguments).stream()
                .flatMap(choice -> choice.entries().stream())
                .toList();
    }
}
