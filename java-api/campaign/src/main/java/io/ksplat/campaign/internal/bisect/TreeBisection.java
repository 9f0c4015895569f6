// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.statistics.NoisySearch;
import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.internal.build.BuildFailedException;
import io.ksplat.kernel.internal.build.KernelTree;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Finds the commit that introduced or cured a bug. The search knows that a bad kernel may show the bug in only some of
 * its runs. A commit that does not build, does not boot or shows another bug is skipped, with the reason. If the answer
 * is a merge, the search continues in what it merged.
 */
public final class TreeBisection {
    /** Runs of the bad end that must show the bug before the search begins. */
    private static final int SIGHTINGS = 2;

    /** Runs of the bad end without the bug after which it counts as good. */
    private static final int PATIENCE = 30;

    /** SKIP runs after which a commit is skipped. */
    private static final int WASTED = 3;

    /** Commits in a row that were built but not classified, after which the harness itself must be failing. */
    private static final int MOST_UNCLASSIFIED = 5;

    /** Assumed seconds of a run, and of a build with its first boot, until they are measured. */
    private static final double RUN_COST = 5;

    private static final double BUILD_COST = 120;

    private final Path file;
    private final KernelTree tree;
    private final Builder builder;
    private final Trial trial;
    private final PhaseTimer timer;
    private final double errorRate;
    private final Set<String> built = new HashSet<>();
    private BisectState state;
    private NoisySearch search;
    private int unclassified;

    /** Builds a kernel. */
    @FunctionalInterface
    public interface Builder {
        void build(KernelSpec kernel) throws KernelException, InterruptedException;
    }

    private TreeBisection(
            Path file,
            BisectState state,
            KernelTree tree,
            Builder builder,
            Trial trial,
            PhaseTimer timer,
            double errorRate) {
        this.file = file;
        this.tree = tree;
        this.builder = builder;
        this.trial = trial;
        this.timer = timer;
        this.errorRate = errorRate;
        this.state = state;
        this.search = replay(state);
    }

    /**
     * Begins a bisection, or resumes the one in the file.
     *
     * @throws KernelException if the file belongs to another bisection, or an end is not a commit
     */
    public static TreeBisection open(
            Path file,
            BisectState.Question question,
            KernelTree tree,
            Builder builder,
            Trial trial,
            PhaseTimer timer,
            double errorRate)
            throws IOException, KernelException, InterruptedException {
        Optional<BisectState> known = BisectState.read(file);
        if (known.isPresent() && !known.get().question().equals(question)) {
            throw new KernelException(file + " belongs to another bisection ("
                    + known.get().question() + "): remove it, or name another file with --state");
        }
        BisectState state = known.isPresent() ? known.get() : BisectState.begin(question, line(tree, question));
        return new TreeBisection(file, state, tree, builder, trial, timer, errorRate);
    }

    /**
     * Returns the commits from the good end to the bad end. It follows first parents only, because only along a line
     * does a bug appear once.
     */
    private static List<KernelTree.Commit> line(KernelTree tree, BisectState.Question question)
            throws KernelException, InterruptedException {
        boolean cause = question.find() == BisectGoal.CAUSE;
        String older = cause ? question.good() : question.bad();
        String newer = cause ? question.bad() : question.good();
        List<KernelTree.Commit> line = new ArrayList<>();
        line.add(tree.commit(older));
        line.addAll(tree.between(older, newer, true, question.paths()));
        if (!cause) {
            Collections.reverse(line);
        }
        return line;
    }

    private static NoisySearch replay(BisectState state) {
        NoisySearch search = NoisySearch.among(state.line().size());
        Map<String, Integer> members = new HashMap<>();
        for (int i = 0; i < state.line().size(); i++) {
            members.put(state.line().get(i).id(), i);
        }
        for (BisectState.Run run : state.runs()) {
            Integer member = members.get(run.commit());
            if (member != null && run.sighting() != Bug.Outcome.SKIP) {
                search.observe(member, run.sighting() == Bug.Outcome.BAD);
            }
        }
        state.skipped().keySet().forEach(commit -> {
            Integer member = members.get(commit);
            if (member != null) {
                search.skip(member);
            }
        });
        return search;
    }

    public Bisection run() throws IOException, KernelException, InterruptedException {
        save();
        int badEnd = state.line().size() - 1;
        while (endsBad() && search.rate(badEnd).seen() < SIGHTINGS) {
            timer.report(
                    "bad end, run " + (state.runsOf(state.line().get(badEnd).id()) + 1)
                            + ": how often does the bug show on " + state.line().get(badEnd) + "?");
            Rate shown = search.rate(badEnd);
            if (!look(badEnd) || (shown.seen() == 0 && shown.runs() >= PATIENCE)) {
                return nothing("the bad end, " + state.line().get(badEnd) + ", does not show the bug: "
                        + state.skipped().getOrDefault(state.line().get(badEnd).id(), "all its runs were clean"));
            }
        }
        while (true) {
            NoisySearch.Answer best = search.best();
            if (best.probability() < 1 - errorRate) {
                NoisySearch.Next next = search.next(runCost(), buildCost());
                announce(next);
                look(next.member());
                if (unclassified == MOST_UNCLASSIFIED) {
                    throw new KernelException(MOST_UNCLASSIFIED
                            + " commits in a row told nothing about the bug, the last for this reason: "
                            + state.skipped().values().stream().reduce("", (first, last) -> last)
                            + "; the state is in " + file);
                }
            } else if (best.first() == 0) {
                return nothing("the good end, " + state.line().get(0)
                        + (best.isGoodEnd()
                                ? ", shows the bug, too"
                                : ", cannot be told apart from the commits after it"));
            } else if (!descend(best)) {
                return answer(best);
            }
        }
    }

    /** Returns whether the line ends with the bad end. Behind a merge it does not, and what a merge shows may be another bug. */
    private boolean endsBad() {
        return state.line()
                .get(state.line().size() - 1)
                .id()
                .equals(state.question().bad());
    }

    /**
     * Continues the search in what a merge brought, if the answer is a merge. The merge itself is bad and its first
     * parent good.
     *
     * @return false if there is nothing to continue with
     */
    private boolean descend(NoisySearch.Answer best) throws KernelException, InterruptedException, IOException {
        KernelTree.Commit commit = changed(best);
        if (state.question().firstParent()
                || best.first() != best.last()
                || commit.parents().size() != 2
                || state.question().find() == BisectGoal.CURE) {
            return false;
        }
        String first = commit.parents().get(0);
        List<KernelTree.Commit> line = new ArrayList<>();
        line.add(tree.commit(first));
        line.addAll(tree.between(
                tree.mergeBase(first, commit.parents().get(1)),
                commit.parents().get(1),
                true,
                state.question().paths()));
        line.add(commit);
        if (line.equals(state.line())) {
            return false;
        }
        timer.report(
                "the change came with " + commit + ": searching what it merged, " + (line.size() - 2) + " commits");
        state = state.withLine(line);
        search = replay(state);
        // The search so far has shown that the first parent is good and the merge bad.
        if (search.rate(0).runs() == 0) {
            for (int i = 0; i < SIGHTINGS; i++) {
                search.observe(0, false);
            }
        }
        save();
        return line.size() > 2;
    }

    /** Returns the commit that made the change. */
    private KernelTree.Commit changed(NoisySearch.Answer best) {
        return state.line().get(state.question().find() == BisectGoal.CAUSE ? best.first() : best.first() - 1);
    }

    /** Builds and runs a commit once; returns false if it was skipped. */
    private boolean look(int member) throws IOException, KernelException, InterruptedException {
        KernelTree.Commit commit = state.line().get(member);
        KernelSpec kernel = new KernelSpec.Tree(
                tree.path(), Optional.of(commit.id()), state.question().profile());
        timer.take();
        try {
            if (built.add(commit.id())) {
                builder.build(kernel);
            }
        } catch (BuildFailedException e) {
            return skip(member, String.valueOf(e.getMessage()));
        }
        RunRecord run = trial.run(kernel, state.runsOf(commit.id()) + 1).stream()
                .filter(each -> each.reproducer().equals(state.question().id()))
                .findFirst()
                .orElseThrow(() -> new KernelException("a run of " + kernel + " left no record"));
        Bug bug = new Bug(state.signatures());
        if (endsBad()
                && member == state.line().size() - 1
                && search.rate(member).seen() < SIGHTINGS) {
            bug = bug.with(run);
        }
        Bug.Outcome sighting = bug.in(run);
        state = state.withRun(new BisectState.Run(commit.id(), sighting, Bug.word(run)), bug, timer.take());
        if (sighting != Bug.Outcome.SKIP) {
            search.observe(member, sighting == Bug.Outcome.BAD);
            unclassified = 0;
            save();
            return true;
        }
        long wasted = state.runs().stream()
                .filter(each -> each.commit().equals(commit.id()) && each.sighting() == Bug.Outcome.SKIP)
                .count();
        if (wasted >= WASTED) {
            unclassified++;
            return skip(member, Bug.word(run));
        }
        save();
        return true;
    }

    private boolean skip(int member, String reason) throws IOException {
        state = state.withSkipped(state.line().get(member).id(), reason, timer.take());
        search.skip(member);
        timer.report("skipped " + state.line().get(member) + ": " + reason);
        save();
        return false;
    }

    private double runCost() {
        int told = state.runs().size();
        return told == 0 ? RUN_COST : Math.max(0.1, seconds("attempt") / told);
    }

    private double buildCost() {
        long commits =
                state.runs().stream().map(BisectState.Run::commit).distinct().count();
        return commits < 2 ? BUILD_COST : (seconds("checkout") + seconds("build") + seconds("template")) / commits;
    }

    private double seconds(String kind) {
        return state.seconds().getOrDefault(kind, 0.0);
    }

    private void announce(NoisySearch.Next next) {
        KernelTree.Commit commit = state.line().get(next.member());
        double missing = search.bitsMissing();
        double runs = Math.max(1, missing / Math.max(0.05, next.bits()));
        double minutes = runs * (runCost() + (search.rate(next.member()).runs() == 0 ? buildCost() : 0)) / 60;
        Rate before = search.rate(next.member());
        timer.report(String.format(
                Locale.ROOT,
                "run %d, about %.0f more, %.0f min: %s, %s (%.1f of %.1f bits missing)",
                state.runs().size() + 1,
                runs,
                Math.ceil(minutes),
                commit,
                before.runs() == 0
                        ? "it divides the remaining commits"
                        : "again, after " + before.seen() + " of " + before.runs(),
                next.bits(),
                missing));
    }

    private void save() throws IOException {
        state.write(file, log());
    }

    /** Returns the state as a git log, which {@code git bisect replay} accepts. */
    private String log() {
        boolean cause = state.question().find() == BisectGoal.CAUSE;
        String good = cause ? "good" : "fixed";
        String bad = cause ? "bad" : "broken";
        StringBuilder log = new StringBuilder("git bisect start");
        if (!cause) {
            log.append(" '--term-new=fixed' '--term-old=broken'");
        }
        if (state.question().firstParent()) {
            log.append(" '--first-parent'");
        }
        if (!state.question().paths().isEmpty()) {
            log.append(" '--'");
            state.question()
                    .paths()
                    .forEach(path -> log.append(" '").append(path).append('\''));
        }
        log.append('\n');
        log.append("git bisect ")
                .append(bad)
                .append(' ')
                .append(state.question().bad())
                .append('\n');
        log.append("git bisect ")
                .append(good)
                .append(' ')
                .append(state.question().good())
                .append('\n');
        // git keeps the last commit that the log names as changed, so the one nearest to the change comes last.
        int last = state.line().size() - 1;
        for (int n = 1; n < last; n++) {
            int i = cause ? last - n : n;
            KernelTree.Commit commit = state.line().get(i);
            Optional<String> word = Optional.empty();
            if (state.skipped().containsKey(commit.id())) {
                word = Optional.of("skip");
            } else if (search.rate(i).runs() > 0) {
                double probablyBad = search.probablyBad(i);
                word = probablyBad > 0.9 ? Optional.of(bad) : probablyBad < 0.1 ? Optional.of(good) : Optional.empty();
            }
            word.ifPresent(said -> log.append("# ")
                    .append(commit)
                    .append("\ngit bisect ")
                    .append(said)
                    .append(' ')
                    .append(commit.id())
                    .append('\n'));
        }
        return log.toString();
    }

    private Bisection nothing(String why) {
        return bisection(false, 1, Optional.empty(), Optional.empty(), Optional.empty(), List.of(why));
    }

    private Bisection answer(NoisySearch.Answer best) {
        List<String> remarks = new ArrayList<>();
        for (int i = 0; i < state.line().size(); i++) {
            Rate rate = search.rate(i);
            boolean bad = i >= best.first();
            if (rate.seen() > 0 && !bad) {
                remarks.add("contradiction: " + state.line().get(i) + " showed the bug in " + rate + " runs");
            } else if (bad && rate.seen() == 0 && rate.runs() > 1) {
                remarks.add("contradiction: " + state.line().get(i) + " did not show the bug in " + rate + " runs");
            }
        }
        boolean one = best.first() == best.last();
        if (!one) {
            remarks.add("it is one of " + state.line().subList(best.first(), best.last() + 1)
                    + ": the commits between them were skipped");
        }
        return bisection(
                one,
                1 - best.probability(),
                one ? Optional.of(changed(best).id()) : Optional.empty(),
                Optional.of(state.line().get(best.first() - 1)),
                Optional.of(state.line().get(best.last())),
                remarks);
    }

    private Bisection bisection(
            boolean found,
            double errorBound,
            Optional<String> commit,
            Optional<KernelTree.Commit> lastGood,
            Optional<KernelTree.Commit> firstBad,
            List<String> remarks) {
        boolean cause = state.question().find() == BisectGoal.CAUSE;
        return new Bisection(
                found,
                errorBound,
                state.runs().size(),
                (cause ? lastGood : firstBad).map(this::end),
                (cause ? firstBad : lastGood).map(this::end),
                commit,
                state.skipped().entrySet().stream()
                        .map(each -> new Bisection.Skipped(each.getKey(), each.getValue()))
                        .toList(),
                remarks);
    }

    private Bisection.End end(KernelTree.Commit commit) {
        return new Bisection.End(
                "tree:" + tree.path() + "@" + commit.id() + "+"
                        + state.question().profile(),
                commit.subject());
    }

    /** Returns what was searched so far. */
    Searched searched() {
        boolean cause = state.question().find() == BisectGoal.CAUSE;
        List<KernelTree.Commit> oldestFirst = new ArrayList<>(state.line());
        if (!cause) {
            Collections.reverse(oldestFirst);
        }
        Map<String, Integer> positions = new HashMap<>();
        Map<String, String> names = new HashMap<>();
        for (int i = 0; i < oldestFirst.size(); i++) {
            positions.put(oldestFirst.get(i).id(), i);
            names.put(oldestFirst.get(i).id(), oldestFirst.get(i).toString());
        }
        return new Searched(
                List.of(Searched.line(
                        "the commits",
                        state.line().stream().map(KernelTree.Commit::toString).toList(),
                        search,
                        state.question().find())),
                state.runs().stream()
                        .map(run -> {
                            Integer position = positions.get(run.commit());
                            return new BisectRecord.Run(
                                    names.getOrDefault(run.commit(), run.commit()),
                                    position == null ? OptionalInt.empty() : OptionalInt.of(position),
                                    run.sighting().name(),
                                    run.word(),
                                    Optional.empty());
                        })
                        .toList());
    }

    /** Returns the current state. */
    public BisectState state() {
        return state;
    }

    /** Describes the current state as text. */
    public String look() {
        NoisySearch.Answer best = search.best();
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%d commits in question, %d runs of %d commits, %d skipped; the bug shows in %.0f %% of a bad one's runs%n",
                state.line().size() - 1,
                state.runs().size(),
                state.runs().stream().map(BisectState.Run::commit).distinct().count(),
                state.skipped().size(),
                100 * search.reproductionRate()));
        if (!best.isGoodEnd()) {
            text.append(String.format(
                    Locale.ROOT, "most probable: %s, %.0f %%%n", changed(best), 100 * best.probability()));
        }
        for (int i = 0; i < state.line().size(); i++) {
            if (search.rate(i).runs() > 0) {
                text.append(String.format(
                        Locale.ROOT,
                        "  bad with %3.0f %%: %s, shown in %s%n",
                        100 * search.probablyBad(i),
                        state.line().get(i),
                        search.rate(i)));
            }
        }
        state.skipped()
                .forEach((commit, why) -> text.append("  skipped ")
                        .append(commit, 0, 12)
                        .append(": ")
                        .append(why)
                        .append('\n'));
        state.seconds()
                .forEach((kind, time) -> text.append(String.format(Locale.ROOT, "  %-10s %7.1f s%n", kind, time)));
        return text.toString();
    }
}
