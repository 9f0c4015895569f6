// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.campaign.Trial;
import io.ksplat.engine.SessionOptions;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.build.KernelTree;
import io.ksplat.kernel.internal.build.Profile;
import io.ksplat.results.internal.campaign.BisectRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Bisects prebuilt kernels, or the commits of a tree. */
public final class Bisector {
    /** Kernels that a bisection calls good along the way; each call may be wrong. */
    private static final int GOOD_ONES = 5;

    private final Question question;
    private final Progress progress;

    /**
     * The question of a bisection.
     *
     * @param reproducer the id whose runs count
     * @param digest of a reproducer that is no part of ksplat: a bisection goes on only with the same
     * @param good a kernel spec, or a revision of a tree
     * @param bad a kernel spec, or a revision of a tree
     * @param errorRate the allowed probability of a wrong answer
     */
    public record Question(
            String reproducer, Optional<String> digest, String good, String bad, BisectGoal find, double errorRate) {}

    /** A finished bisection, what {@code bisect --json} prints, a remark and a description of its state. */
    public record Answer(Bisection bisection, BisectRecord record, String remark, String look) {}

    public Bisector(Question question, Progress progress) {
        this.question = question;
        this.progress = progress;
    }

    /** Bisects prebuilt kernels. */
    public Answer prebuilt(Trial trial, int jobs) throws IOException, InterruptedException, KernelException {
        boolean cause = question.find == BisectGoal.CAUSE;
        KernelSpec older = KernelSpec.parse(cause ? question.good : question.bad);
        KernelSpec newer = KernelSpec.parse(cause ? question.bad : question.good);
        List<KernelSpec> available = new Kernels(Cache.standard())
                .available(progress).stream().map(Kernels.Available::spec).toList();
        PrebuiltKernels between = PrebuiltKernels.between(available, older, newer);
        BugClassifier classifier = new BugClassifier(trial, question.reproducer, question.errorRate / GOOD_ONES);
        PrebuiltBisection bisection = new PrebuiltBisection(classifier, between, question.find, jobs, progress);
        Bisection found = bisection.run();
        BisectRecord record = found.record(question.reproducer, question.find, bisection.searched());
        return new Answer(found, record, "the bug showed in " + classifier.rate() + " runs of the bad end", "");
    }

    /**
     * The commits of a tree to bisect.
     *
     * @param config files with lines of a kernel's configuration, on top of the profile
     * @param paths limits the bisection to commits that change something below these paths
     * @param firstParent whether to stop at the merge that brought the change
     * @param shown the state file, as the user named it; a bisection can be resumed from it
     */
    public record Commits(
            Path tree, String profile, List<Path> config, List<String> paths, boolean firstParent, Path shown) {
        public Commits {
            config = List.copyOf(config);
            paths = List.copyOf(paths);
        }

        private Path stateFile() {
            return shown.toAbsolutePath();
        }
    }

    /** Describes the progress of the bisection in a state file. */
    public String look(Commits commits) throws IOException, InterruptedException, KernelException {
        KernelTree tree = KernelTree.open(Cache.standard(), commits.tree);
        return TreeBisection.open(
                        commits.stateFile(),
                        asked(commits, tree),
                        tree,
                        kernel -> {},
                        (kernel, n) -> List.of(),
                        new PhaseTimer(progress),
                        question.errorRate)
                .look();
    }

    /** Opens a session with the given options, and a trial in it. */
    @FunctionalInterface
    public interface Trials {
        Trial open(SessionOptions options) throws IOException;
    }

    /** Bisects the commits of a tree. */
    public Answer inTree(Commits commits, SessionOptions options, Trials trials)
            throws IOException, InterruptedException, KernelException {
        KernelTree tree = KernelTree.open(Cache.standard(), commits.tree);
        PhaseTimer timer = new PhaseTimer(progress);
        Kernels kernels = new Kernels(Cache.standard()).withFragments(commits.config);
        TreeBisection bisection = TreeBisection.open(
                commits.stateFile(),
                asked(commits, tree),
                tree,
                kernel -> kernels.resolve(kernel, timer),
                trials.open(options.withProgress(timer)),
                timer,
                question.errorRate);
        Bisection found = bisection.run();
        return new Answer(
                found,
                found.record(question.reproducer, question.find, bisection.searched()),
                "the state is in " + commits.shown + ", for git in " + BisectState.logOf(commits.shown),
                bisection.look());
    }

    /** Another configuration makes other kernels. */
    static String digest(List<Path> config) throws IOException, KernelException {
        StringBuilder text = new StringBuilder();
        for (Path file : config) {
            text.append(String.join("\n", Profile.read(file))).append('\n');
        }
        return config.isEmpty() ? "" : " config:" + Digests.sha256(text.toString());
    }

    private BisectState.Question asked(Commits commits, KernelTree tree)
            throws IOException, InterruptedException, KernelException {
        return new BisectState.Question(
                tree.path().toString(),
                question.reproducer
                        + question.digest.map(made -> " sha256:" + made).orElse("")
                        + digest(commits.config),
                commits.profile,
                question.find,
                tree.commit(question.good).id(),
                tree.commit(question.bad).id(),
                commits.firstParent,
                commits.paths);
    }
}
