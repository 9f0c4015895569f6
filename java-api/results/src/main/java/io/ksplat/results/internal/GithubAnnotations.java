// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A report as the workflow commands of GitHub: {@code ::error} for what is news, {@code ::notice} for what is not as expected and no news. They stand
 * at the line of the BPF program that the evidence names, if its source is found; those of a patch trial at the line of the series that the evidence accuses.
 */
public final class GithubAnnotations {
    /** GitHub shows so many of a kind for each step. */
    private static final int MOST = 10;

    private final SourceFiles sources;
    private final Map<String, Integer> errors = new LinkedHashMap<>();
    private final Map<String, Integer> notices = new LinkedHashMap<>();

    private GithubAnnotations(SourceFiles sources) {
        this.sources = sources;
    }

    /**
     * Returns the commands, a line each; empty if all is as expected.
     *
     * @param root the folder in which GitHub looks for files: that of the checkout
     */
    public static String of(List<RunRecord> runs, News news, Path root) throws IOException {
        GithubAnnotations all = new GithubAnnotations(SourceFiles.below(root));
        runs.stream().filter(Judged::isUnexpected).forEach(run -> all.add(run, news));
        return all.text();
    }

    /**
     * Returns the commands of a patch trial; empty if nothing speaks against the series. If the evidence names no function that the series changes,
     * they stand at no line: any other line would accuse code that has nothing to do with it.
     *
     * @param root the folder in which GitHub looks for files: that of the checkout, which has the tree
     */
    public static String of(PatchRecord trial, Path root) throws IOException {
        GithubAnnotations all = new GithubAnnotations(SourceFiles.below(root));
        for (PatchRecord.Comparison each : trial.reproducers()) {
            if (each.accuses()) {
                String place = each.at().map(at -> all.place(at, root)).orElse("");
                all.errors.put(
                        place + "title="
                                + property(each.reproducer() + ": "
                                        + each.verdict().orElseThrow())
                                + "::"
                                + data(each.why()
                                        + each.at()
                                                .map(at -> "\nthe evidence names " + at.function()
                                                        + "(), which the series changes")
                                                .orElse("\nthe evidence names no function that the series changes")),
                        1);
            }
        }
        if (all.errors.isEmpty() && !trial.isGood()) {
            all.notices.put("title=" + property("the series: " + trial.verdict()) + "::" + data(trial.why()), 1);
        }
        return all.text();
    }

    private String place(PatchRecord.Place at, Path root) {
        return (Files.isRegularFile(root.resolve(at.file())) ? Optional.of(at.file()) : sources.find(at.file()))
                .map(file -> "file=" + property(file) + ",line=" + at.line() + ",")
                .orElse("");
    }

    private String text() {
        return text("error", errors) + text("notice", notices);
    }

    private void add(RunRecord run, News news) {
        Optional<String> reason = news.reason(run);
        String title = run.reproducer() + ": " + run.verdict() + ", expected " + run.expected();
        String message = "on " + run.kernel().shortName() + ": " + TestStatus.why(run)
                + run.evidence().stream()
                        .findFirst()
                        .filter(found -> !found.signature().isEmpty())
                        .map(found -> "\nsignature: " + found.signature())
                        .orElse("")
                + reason.map(why -> "\nno news: " + why).orElse("");
        (reason.isEmpty() ? errors : notices)
                .merge(place(run) + "title=" + property(title) + "::" + data(message), 1, Integer::sum);
    }

    private String place(RunRecord run) {
        for (Evidence found : run.evidence()) {
            for (Frame frame : found.stacks().stream()
                    .flatMap(stack -> stack.frames().stream())
                    .toList()) {
                Optional<String> file =
                        frame.file().filter(name -> isBpf(frame, name)).flatMap(sources::find);
                if (file.isPresent()) {
                    return "file=" + property(file.get()) + ","
                            + (frame.line().isPresent() ? "line=" + frame.line().getAsInt() + "," : "");
                }
            }
        }
        return "";
    }

    /** What was inlined has a name of its own. */
    private static boolean isBpf(Frame frame, String file) {
        return frame.function().startsWith("bpf_prog_") || file.endsWith(".bpf.c") || file.endsWith(".bpf.h");
    }

    private static String text(String kind, Map<String, Integer> commands) {
        StringBuilder text = new StringBuilder();
        commands.entrySet().stream()
                .limit(MOST)
                .forEach(each -> text.append("::")
                        .append(kind)
                        .append(' ')
                        .append(each.getKey())
                        .append(each.getValue() == 1 ? "" : data("\n" + each.getValue() + " attempts"))
                        .append('\n'));
        if (commands.size() > MOST) {
            text.append("::notice::")
                    .append(commands.size() - MOST)
                    .append(" more of kind ")
                    .append(kind)
                    .append(" are in the report\n");
        }
        return text.toString();
    }

    /** A line break would begin another command. */
    private static String data(String raw) {
        return raw.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A");
    }

    private static String property(String raw) {
        return data(raw).replace(":", "%3A").replace(",", "%2C");
    }
}
