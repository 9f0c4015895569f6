// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Trial;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.build.BuildFailedException;
import io.ksplat.kernel.internal.build.KernelTree;
import io.ksplat.kernel.internal.build.PatchSeries;
import io.ksplat.kernel.internal.build.TouchedFunction;
import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Applies a patch series to a tree, builds kernels without and with it, and finds its effect. */
public final class SeriesTrial {
    private final Question question;
    private final PatchSeries series;
    private final KernelTree tree;
    private final KernelTree.Commit base;
    private final List<String> commits;
    private final List<TouchedFunction> touched;
    private final Kernels kernels;
    private final Progress progress;
    private final List<PatchRecord.After> verdicts = new ArrayList<>();

    /**
     * The question of a trial.
     *
     * @param tree a kernel tree; it is only read
     * @param base the revision to which the series applies
     * @param each whether to try the series after each of its patches
     * @param catalogue whether to ask which verdicts change, instead of whether a bug is cured
     * @param errorRate the allowed probability of a wrong verdict
     * @param mostPairs the number of pairs of runs after which the verdict is CANNOT TELL
     * @param reproducers the words that name them; empty: their ids do
     */
    public record Question(
            Path tree,
            String base,
            String profile,
            boolean each,
            boolean catalogue,
            double errorRate,
            int mostPairs,
            List<String> reproducers) {
        public Question {
            reproducers = List.copyOf(reproducers);
        }

        /** Returns the same question with the words that name its reproducers: a file of one's own is not found by its id. */
        public Question naming(List<String> words) {
            return new Question(tree, base, profile, each, catalogue, errorRate, mostPairs, words);
        }
    }

    private SeriesTrial(Question question, PatchSeries series, List<Path> config, Progress progress)
            throws IOException, InterruptedException, KernelException {
        this.question = question;
        this.series = series;
        this.progress = progress;
        series.remarks().forEach(progress::report);
        this.tree = KernelTree.open(Cache.standard(), question.tree);
        this.base = tree.commit(question.base);
        this.commits = tree.apply(base.id(), series);
        this.touched = tree.touched(base.id(), commits.get(commits.size() - 1));
        this.kernels = new Kernels(Cache.standard()).withFragments(config);
    }

    /**
     * Reads and applies a series, and builds the base.
     *
     * @param config files with lines of a kernel's configuration, on top of the profile
     */
    public static SeriesTrial of(Question question, List<Path> mails, List<Path> config, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Path scratch = Files.createTempDirectory("ksplat-patch-");
        try {
            SeriesTrial trial = new SeriesTrial(question, PatchSeries.read(mails, scratch), config, progress);
            progress.report("building the base, " + trial.base);
            trial.kernels.resolve(trial.at(trial.base.id()), progress);
            return trial;
        } finally {
            Folders.remove(scratch);
        }
    }

    /**
     * Runs the trial.
     *
     * @param trials one for each reproducer
     * @param after receives the name of each patch and the verdict after it
     */
    public PatchResult run(List<Trial> trials, BiConsumer<String, PatchVerdict> after)
            throws InterruptedException, KernelException {
        PatchResult result = PatchResult.cannotTell("nothing was tried");
        for (int i = question.each ? 0 : commits.size() - 1; i < commits.size(); i++) {
            String name = (i + 1) + "/" + commits.size() + " \""
                    + series.patches().get(i).subject() + "\"";
            result = compare(trials, at(commits.get(i)), name);
            verdicts.add(new PatchRecord.After(name, result.verdict().toString()));
            after.accept(name, result.verdict());
        }
        return result;
    }

    private PatchResult compare(List<Trial> trials, KernelSpec with, String name)
            throws InterruptedException, KernelException {
        progress.report("building with patch " + name);
        try {
            kernels.resolve(with, progress);
        } catch (BuildFailedException e) {
            return PatchResult.cannotTell("with patch " + name + " " + e.getMessage());
        }
        KernelSpec without = at(base.id());
        return question.catalogue
                ? new CatalogueTrial(trials, without, with, question.errorRate, question.mostPairs, progress).run()
                : new PatchTrial(trials, without, with, question.errorRate, question.mostPairs, progress).run();
    }

    private KernelSpec at(String commit) {
        return new KernelSpec.Tree(question.tree, Optional.of(commit), question.profile);
    }

    /** Returns what {@code patch --json} prints. */
    public PatchRecord record(PatchResult result) {
        return result.record(
                base.toString(),
                question.profile,
                series.patches().stream().map(PatchSeries.Patch::subject).toList(),
                question.each ? verdicts : List.of(),
                touched);
    }

    /** Leaves a result in the folder of a report, as {@code patch.txt} and {@code patch.json}; returns the text. */
    public String write(PatchResult result, Path folder) throws IOException, InterruptedException, KernelException {
        String text = text(result);
        Files.writeString(folder.resolve("patch.txt"), text);
        CampaignFiles.write(folder, record(result));
        return text;
    }

    private String text(PatchResult result) throws InterruptedException, KernelException {
        return result.text() + "\n" + answer(result);
    }

    /** Returns the body of a mail that answers the series. */
    public String answer(PatchResult result) throws InterruptedException, KernelException {
        return PatchAnswer.body(
                result,
                new PatchAnswer.About(
                        tree.user().orElse("Your Name <you@example.org>"),
                        base.toString(),
                        question.profile,
                        question.catalogue,
                        question.reproducers,
                        series.patches().stream()
                                .map(PatchSeries.Patch::subject)
                                .toList()));
    }

    /** Returns the whole mail: the headers by which mail programs and archives put it into the thread, and the body. */
    public String mail(PatchResult result) throws InterruptedException, KernelException {
        PatchSeries.Patch first = series.patches().get(0);
        return "Subject: Re: " + first.header() + "\n"
                + first.messageId()
                        .map(id -> "In-Reply-To: <" + id + ">\nReferences: <" + id + ">\n")
                        .orElse("")
                + "Content-Type: text/plain; charset=UTF-8\n\n" + answer(result);
    }
}
