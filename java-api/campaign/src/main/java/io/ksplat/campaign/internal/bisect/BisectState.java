// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.ksplat.campaign.Bug;
import io.ksplat.kernel.internal.build.KernelTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The state of a bisection in a tree. It is kept in a file that is replaced atomically, so that a bisection that was
 * killed resumes after the last run that ended.
 *
 * @param question the question that the bisection answers
 * @param line the commits in question, the good end first and the bad end last
 * @param signatures the bug's signatures, as the bad end showed them
 * @param runs all runs so far, in order
 * @param skipped the commits that cannot be classified, with the reason
 * @param seconds the total time of each kind of step
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record BisectState(
        Question question,
        List<KernelTree.Commit> line,
        Set<String> signatures,
        List<Run> runs,
        Map<String, String> skipped,
        Map<String, Double> seconds) {
    private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    public BisectState {
        line = List.copyOf(line);
        signatures = new TreeSet<>(signatures);
        runs = List.copyOf(runs);
        skipped = new LinkedHashMap<>(skipped);
        seconds = new LinkedHashMap<>(seconds);
    }

    /**
     * The question of a bisection.
     *
     * @param reproducer its id, and the digests of what else decides its runs: its file, the configuration beside the profile
     * @param good a commit id
     * @param bad a commit id
     * @param paths limits the bisection to commits that change something below these paths; empty for all commits
     */
    public record Question(
            String tree,
            String reproducer,
            String profile,
            BisectGoal find,
            String good,
            String bad,
            boolean firstParent,
            List<String> paths) {
        public Question {
            paths = List.copyOf(paths);
        }

        /** Returns the id that the reproducer's runs have. */
        String id() {
            return reproducer.split(" ", 2)[0];
        }
    }

    /** One run of a commit. */
    public record Run(String commit, Bug.Outcome sighting, String word) {}

    static BisectState begin(Question question, List<KernelTree.Commit> line) {
        return new BisectState(question, line, Set.of(), List.of(), Map.of(), Map.of());
    }

    BisectState withRun(Run run, Bug bug, Map<String, Double> took) {
        List<Run> more = new ArrayList<>(runs);
        more.add(run);
        return new BisectState(question, line, bug.signatures(), more, skipped, sum(took));
    }

    BisectState withSkipped(String commit, String reason, Map<String, Double> took) {
        Map<String, String> more = new LinkedHashMap<>(skipped);
        more.put(commit, reason);
        return new BisectState(question, line, signatures, runs, more, sum(took));
    }

    BisectState withLine(List<KernelTree.Commit> other) {
        return new BisectState(question, other, signatures, runs, skipped, seconds);
    }

    private Map<String, Double> sum(Map<String, Double> took) {
        Map<String, Double> all = new LinkedHashMap<>(seconds);
        took.forEach((kind, time) -> all.merge(kind, time, Double::sum));
        return all;
    }

    int runsOf(String commit) {
        return (int) runs.stream().filter(run -> run.commit().equals(commit)).count();
    }

    /**
     * Reads a state file.
     *
     * @return empty if the file does not exist
     * @throws IOException if the file is not the state of a bisection
     */
    public static Optional<BisectState> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(MAPPER.readValue(file.toFile(), BisectState.class));
        } catch (JsonProcessingException e) {
            throw new IOException(
                    file + " is not the state of a bisection (" + e.getOriginalMessage()
                            + "): name another file with --state",
                    e);
        }
    }

    /** Replaces the file and the log for git next to it. */
    public void write(Path file, String log) throws IOException {
        replace(file, MAPPER.writeValueAsString(this));
        replace(logOf(file), log);
    }

    /** Returns the path of the log that {@code git bisect replay} accepts. */
    public static Path logOf(Path file) {
        return file.resolveSibling(file.getFileName() + ".log");
    }

    private static void replace(Path file, String text) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(partial, text);
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
