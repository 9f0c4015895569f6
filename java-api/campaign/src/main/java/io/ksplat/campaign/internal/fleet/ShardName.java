// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which part of a plan this process runs.
 *
 * @param index from 1
 */
public record ShardName(int index, int of) {
    /** What an engine calls a shard if it names only its number, as Kubernetes does. */
    public static final String COUNT = "KSPLAT_SHARDS";

    private static final int MOST = 1_000_000;
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,7})/([0-9]{1,7})");

    public ShardName {
        if (of < 1 || of > MOST || index < 1 || index > of) {
            throw new IllegalArgumentException("there is no shard " + index + " of " + of + ": write 1/4 to 4/4");
        }
    }

    /** The variables of an engine: the number of this job, the number of all jobs, and what the first job's number is. */
    private record Engine(String name, String index, String count, Optional<String> first, int base) {}

    private static final List<Engine> ENGINES = List.of(
            new Engine(
                    "Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", Optional.of("SLURM_ARRAY_TASK_MIN"), 0),
            new Engine("Kubernetes", "JOB_COMPLETION_INDEX", COUNT, Optional.empty(), 0),
            new Engine("GitLab", "CI_NODE_INDEX", "CI_NODE_TOTAL", Optional.empty(), 1),
            new Engine("Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", Optional.empty(), 0),
            new Engine("CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", Optional.empty(), 0));

    /**
     * Parses {@code 2/8}, or takes the engine's own variables for {@code auto}.
     *
     * @throws IllegalArgumentException in one line, if it is neither, or if no engine's variables are set
     */
    public static ShardName parse(String text, Map<String, String> environment) {
        if (text.equals("auto")) {
            return auto(environment);
        }
        Matcher both = TEXT.matcher(text);
        if (!both.matches()) {
            throw new IllegalArgumentException("\"" + text.replaceAll("\\p{Cntrl}", "?")
                    + "\" is no shard: write 2/8 for the second of eight, or auto");
        }
        return new ShardName(Integer.parseInt(both.group(1)), Integer.parseInt(both.group(2)));
    }

    private static ShardName auto(Map<String, String> environment) {
        for (Engine engine : ENGINES) {
            if (environment.containsKey(engine.index())) {
                int index = number(environment, engine.name(), engine.index());
                int count = number(environment, engine.name(), engine.count());
                int first = engine.first().filter(environment::containsKey).isPresent()
                        ? number(environment, engine.name(), engine.first().orElseThrow())
                        : engine.base();
                if (index < first || index - first >= count) {
                    throw new IllegalArgumentException(engine.name() + " says that this is job " + index + " of "
                            + count + ", from " + first + " on: the jobs of an array must have numbers without gaps");
                }
                return new ShardName(index - first + 1, count);
            }
        }
        throw new IllegalArgumentException("--shard auto: no variable of Slurm, Kubernetes, GitLab, Buildkite or"
                + " CircleCI says which job this is: write --shard 2/8");
    }

    private static int number(Map<String, String> environment, String engine, String variable) {
        String text = environment.getOrDefault(variable, "");
        if (!text.matches("[0-9]{1,7}")) {
            throw new IllegalArgumentException(
                    "--shard auto: this is " + engine + ", and " + variable + " is \"" + text + "\" and no number");
        }
        return Integer.parseInt(text);
    }

    /** Returns it as a file name. */
    String fileName() {
        return index + "-of-" + of;
    }

    @Override
    public String toString() {
        return index + "/" + of;
    }
}
