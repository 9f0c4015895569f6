// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.internal.statistics.NoisySearch;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.campaign.BisectRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Finds the two neighbouring prebuilt kernels between which a bug appeared or disappeared. It bisects the trunk first,
 * by the first release of each series. Then it bisects the branch that has the change: the releases of the older
 * series, to which the change was backported, those of the newer series, or the kernels between the two.
 */
public final class PrebuiltBisection {
    private final BugClassifier classifier;
    private final PrebuiltKernels kernels;
    private final BisectGoal goal;
    private final int jobs;
    private final Progress progress;
    private final Map<KernelSpec, BugClassifier.Result> results = new LinkedHashMap<>();
    private final List<String> remarks = new ArrayList<>();
    private final List<Map.Entry<String, List<KernelSpec>>> searched = new ArrayList<>();

    /**
     * Prepares a bisection.
     *
     * @param jobs how many kernels to classify at once
     */
    public PrebuiltBisection(
            BugClassifier classifier, PrebuiltKernels kernels, BisectGoal goal, int jobs, Progress progress) {
        this.classifier = classifier;
        this.kernels = kernels;
        this.goal = goal;
        this.jobs = jobs;
        this.progress = progress;
    }

    /** The neighbours on both sides of a change. */
    private record Pair(KernelSpec from, KernelSpec to) {}

    public Bisection run() throws InterruptedException {
        KernelSpec badEnd = goal == BisectGoal.CURE ? kernels.oldest() : kernels.newest();
        KernelSpec goodEnd = goal == BisectGoal.CURE ? kernels.newest() : kernels.oldest();
        progress.report("how often does the bug show on " + badEnd + "?");
        BugClassifier.Result bad = classifier.measure(badEnd);
        results.put(badEnd, bad);
        if (bad.sighting() != Bug.Outcome.BAD) {
            remarks.add("the bad end, " + badEnd + ", does not show the bug: " + bad.why());
            return nothing();
        }
        BugClassifier.Result good = look(List.of(goodEnd)).get(0);
        if (good.sighting() != Bug.Outcome.GOOD) {
            remarks.add("the good end, " + goodEnd + ", is not good: " + good.why());
            return nothing();
        }
        Pair pair = search();
        contradictions(pair);
        return answer(Optional.of(pair));
    }

    private Pair search() throws InterruptedException {
        List<List<KernelSpec.Debian>> series = kernels.series();
        if (series.size() == 1) {
            return narrow(series.get(0), "series " + PrebuiltKernels.series(kernels.oldest()));
        }
        List<KernelSpec> trunk = new ArrayList<>();
        for (List<KernelSpec.Debian> each : series.subList(0, series.size() - 1)) {
            trunk.add(each.get(0));
        }
        trunk.add(kernels.newest());
        Pair onTrunk = narrow(trunk, "the trunk");
        List<KernelSpec.Debian> older = branch(onTrunk.from());
        List<KernelSpec.Debian> newer = branch(onTrunk.to());
        // The change may be a backport to the older series, or come after the first release of the newer one.
        KernelSpec last = older.get(older.size() - 1);
        KernelSpec first = newer.get(0);
        List<BugClassifier.Result> sides = look(List.of(last, first));
        if (isNew(sides.get(0))) {
            Pair backport = narrow(older, "series " + PrebuiltKernels.series(older.get(0)));
            if (isOld(sides.get(1))) {
                remarks.add("the change is in " + last + " and not in " + first + ": both series got it, "
                        + PrebuiltKernels.series(newer.get(0)) + " later; this is where the older one got it");
            } else {
                remarks.add(
                        "series " + PrebuiltKernels.series(newer.get(0)) + " has the change since its first release, "
                                + first + ": " + backport.to() + " has it as a backport");
            }
            return backport;
        }
        if (isOld(sides.get(1))) {
            return narrow(
                    newer.subList(0, newer.indexOf(onTrunk.to()) + 1),
                    "series " + PrebuiltKernels.series(newer.get(0)));
        }
        List<KernelSpec> between = new ArrayList<>(older);
        between.addAll(newer.subList(0, newer.indexOf(onTrunk.to()) + 1));
        return narrow(between, "between two series");
    }

    private List<KernelSpec.Debian> branch(KernelSpec kernel) {
        return kernels.series().stream()
                .filter(each -> each.contains(kernel))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Classifies kernels of a line until the change lies between two neighbours. The first kernel of the line is like
     * the older end, the last like the newer end.
     */
    private Pair narrow(List<? extends KernelSpec> line, String name) throws InterruptedException {
        searched.add(Map.entry(name, List.copyOf(line)));
        while (true) {
            int from = lastOld(line);
            int to = firstNew(line, from);
            List<KernelSpec> open = new ArrayList<>();
            for (KernelSpec kernel : line.subList(from + 1, to)) {
                if (!results.containsKey(kernel)) {
                    open.add(kernel);
                }
            }
            if (open.isEmpty()) {
                return new Pair(line.get(from), line.get(to));
            }
            List<KernelSpec> chosen = new ArrayList<>();
            int parts = Math.min(jobs, open.size());
            for (int i = 1; i <= parts; i++) {
                chosen.add(open.get(i * open.size() / (parts + 1)));
            }
            progress.report(String.format(
                    Locale.ROOT,
                    "%s: the change lies after %s and at or before %s; %d kernels between them, about %d steps; running %s",
                    name,
                    line.get(from),
                    line.get(to),
                    open.size(),
                    (int) Math.ceil(Math.log(open.size() + 1) / Math.log(parts + 1)),
                    chosen));
            look(chosen.stream().distinct().toList());
        }
    }

    /** Returns the index of the last kernel that is like the older end, before any that is like the newer end. */
    private int lastOld(List<? extends KernelSpec> line) {
        int found = 0;
        for (int i = 0; i < line.size(); i++) {
            BugClassifier.Result result = results.get(line.get(i));
            if (result != null && isNew(result)) {
                break;
            }
            if (result != null && isOld(result)) {
                found = i;
            }
        }
        return found;
    }

    private int firstNew(List<? extends KernelSpec> line, int after) {
        for (int i = after + 1; i < line.size(); i++) {
            BugClassifier.Result result = results.get(line.get(i));
            if (result != null && isNew(result)) {
                return i;
            }
        }
        throw new IllegalStateException("no kernel of " + line + " is like the newer end");
    }

    private boolean isOld(BugClassifier.Result result) {
        return result.sighting() == (goal == BisectGoal.CURE ? Bug.Outcome.BAD : Bug.Outcome.GOOD);
    }

    private boolean isNew(BugClassifier.Result result) {
        return result.sighting() == (goal == BisectGoal.CURE ? Bug.Outcome.GOOD : Bug.Outcome.BAD);
    }

    private List<BugClassifier.Result> look(List<? extends KernelSpec> chosen) throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(Math.min(jobs, chosen.size()));
        try {
            List<Callable<BugClassifier.Result>> tasks = new ArrayList<>();
            chosen.forEach(kernel -> tasks.add(() -> classifier.of(kernel)));
            List<BugClassifier.Result> found = new ArrayList<>();
            for (Future<BugClassifier.Result> each : pool.invokeAll(tasks)) {
                BugClassifier.Result result = each.get();
                results.put(result.kernel(), result);
                found.add(result);
            }
            return found;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            throw new IllegalStateException("cannot classify " + chosen, e);
        } finally {
            pool.shutdownNow();
        }
    }

    /** Reports contradictions: along the trunk, and along each branch, the change should happen once. */
    private void contradictions(Pair pair) {
        List<List<? extends KernelSpec>> lines = new ArrayList<>(kernels.series());
        lines.add(kernels.series().stream().map(each -> each.get(0)).toList());
        for (List<? extends KernelSpec> line : lines) {
            Optional<BugClassifier.Result> changed = Optional.empty();
            for (KernelSpec kernel : line) {
                BugClassifier.Result result = results.get(kernel);
                if (result != null && isNew(result) && changed.isEmpty()) {
                    changed = Optional.of(result);
                } else if (result != null && isOld(result) && changed.isPresent()) {
                    remarks.add("contradiction: " + changed.get().kernel() + " is " + word(changed.get()) + ", and "
                            + kernel + " after it is " + word(result) + " again");
                }
            }
        }
        for (KernelSpec kernel : List.of(pair.from(), pair.to())) {
            BugClassifier.Result result = results.get(kernel);
            if (result != null) {
                remarks.add(kernel + " (" + result.release() + ") is " + word(result) + ": " + result.why());
            }
        }
    }

    private static String word(BugClassifier.Result result) {
        return result.sighting() == Bug.Outcome.BAD
                ? "bad"
                : "good, " + result.seen().runs() + " clean runs";
    }

    /** Returns what was searched so far. */
    Searched searched() {
        List<KernelSpec> all = new ArrayList<>();
        kernels.series().forEach(all::addAll);
        List<Map.Entry<String, List<KernelSpec>>> searches =
                searched.isEmpty() ? List.of(Map.entry("all kernels", all)) : searched;
        return new Searched(
                searches.stream()
                        .map(search -> line(search.getKey(), search.getValue()))
                        .toList(),
                classifier.history().stream().map(run -> run(run, all)).toList());
    }

    private BisectRecord.Line line(String name, List<KernelSpec> oldestFirst) {
        List<KernelSpec> line = new ArrayList<>(oldestFirst);
        if (goal == BisectGoal.CURE) {
            Collections.reverse(line);
        }
        if (line.size() < 2) {
            return new BisectRecord.Line(name, List.of());
        }
        NoisySearch search = NoisySearch.among(line.size());
        for (int i = 0; i < line.size(); i++) {
            BugClassifier.Result result = results.get(line.get(i));
            if (result == null) {
                continue;
            }
            if (result.sighting() == Bug.Outcome.SKIP) {
                search.skip(i);
            }
            for (int run = 0; run < result.seen().runs(); run++) {
                search.observe(i, run < result.seen().seen());
            }
        }
        return Searched.line(name, line.stream().map(KernelSpec::toString).toList(), search, goal);
    }

    private static BisectRecord.Run run(BugClassifier.Run run, List<KernelSpec> all) {
        int position = all.indexOf(run.kernel());
        return new BisectRecord.Run(
                run.kernel().toString(),
                position < 0 ? OptionalInt.empty() : OptionalInt.of(position),
                run.outcome().name(),
                Bug.word(run.record()),
                Optional.of(RunFolder.name(run.record())));
    }

    private Bisection nothing() {
        return answer(Optional.empty());
    }

    private Bisection answer(Optional<Pair> pair) {
        List<Bisection.Skipped> skipped = new ArrayList<>();
        double right = 1;
        for (BugClassifier.Result result : results.values()) {
            if (result.sighting() == Bug.Outcome.SKIP) {
                skipped.add(new Bisection.Skipped(result.kernel().toString(), result.why()));
            } else {
                right *= 1 - result.errorBound();
            }
        }
        return new Bisection(
                pair.isPresent(),
                pair.isPresent() ? 1 - right : 1,
                classifier.runs(),
                pair.map(Pair::from).map(this::end),
                pair.map(Pair::to).map(this::end),
                Optional.empty(),
                skipped,
                remarks);
    }

    private Bisection.End end(KernelSpec kernel) {
        BugClassifier.Result result = results.get(kernel);
        return new Bisection.End(kernel.toString(), result == null ? "" : result.release());
    }
}
