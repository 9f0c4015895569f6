// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.Trial;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.build.BuildFailedException;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Classifies the commit that is checked out in a tree: one step of a user's own {@code git bisect run}. */
public final class TreeStep {
    private static final int WASTED = 3;

    private final KernelSpec kernel;

    /** The result of a step. */
    public record Answer(Bug.Outcome outcome, String why) {}

    /** @param tree used as it is checked out, with uncommitted changes */
    public TreeStep(Path tree, String profile) {
        this.kernel = new KernelSpec.Tree(tree.toAbsolutePath().normalize(), Optional.empty(), profile);
    }

    /**
     * Builds the kernel.
     *
     * @param config files with lines of a kernel's configuration, on top of the profile
     * @return if it does not build, the reason to skip it
     */
    public Optional<Answer> build(List<Path> config, Progress progress)
            throws IOException, InterruptedException, KernelException {
        try {
            new Kernels(Cache.standard()).withFragments(config).resolve(kernel, progress);
            return Optional.empty();
        } catch (BuildFailedException e) {
            return Optional.of(new Answer(Bug.Outcome.SKIP, String.valueOf(e.getMessage())));
        }
    }

    /**
     * Runs a reproducer until the commit is classified.
     *
     * @param cleanRuns the number of clean runs that make a kernel good
     */
    public Answer run(Trial trial, String reproducer, Bug bug, int cleanRuns) throws InterruptedException {
        int clean = 0;
        int wasted = 0;
        for (int attempt = 1; clean < cleanRuns; attempt++) {
            RunRecord run = Bug.runOf(reproducer, trial.run(kernel, attempt)).orElseThrow();
            switch (bug.in(run)) {
                case BAD -> {
                    return new Answer(Bug.Outcome.BAD, Bug.word(run));
                }
                case GOOD -> clean++;
                case SKIP -> {
                    if (++wasted == WASTED) {
                        return new Answer(Bug.Outcome.SKIP, Bug.word(run));
                    }
                }
            }
        }
        return new Answer(Bug.Outcome.GOOD, clean + " clean runs");
    }
}
