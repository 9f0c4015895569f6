// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.CacheFailure;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The git history of a user's kernel tree, and patches on top of it. The user's repository is only read. The commits of patches go to the
 * repository of the {@link Worktree}, in which {@code tree:PATH@COMMIT+PROFILE} finds them.
 */
public final class KernelTree {
    private static final Pattern FAILED = Pattern.compile("error: patch failed: (.+):(\\d+)");
    private static final Pattern OTHERWISE = Pattern.compile("error: (.+)");

    private final Cache cache;
    private final Path path;
    private final String name;
    private final Worktree worktree;

    private KernelTree(Cache cache, Path path) {
        this.cache = cache;
        this.path = path;
        this.name = BuiltKernels.nameOf(path);
        this.worktree =
                new Worktree(path, cache.root().resolve(BuiltKernels.TREES).resolve(name));
    }

    /**
     * Opens a tree.
     *
     * @throws KernelException if the path is not in a git repository
     */
    public static KernelTree open(Cache cache, Path path) throws KernelException, InterruptedException {
        try {
            if (!Files.isDirectory(path)) {
                throw new KernelException("no kernel tree at " + path);
            }
            KernelTree tree = new KernelTree(cache, path.toRealPath());
            Command.Outcome git = tree.worktree.read("rev-parse", "--git-dir");
            if (!git.ok()) {
                throw new KernelException(path + " is not a git repository");
            }
            return tree;
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read " + path, e);
        }
    }

    /** Returns the path, with symbolic links resolved. */
    public Path path() {
        return path;
    }

    /** Returns the name and address that git puts into the commits of this tree; empty if they are not configured. */
    public Optional<String> user() throws KernelException, InterruptedException {
        try {
            Command.Outcome name = worktree.read("config", "user.name");
            Command.Outcome email = worktree.read("config", "user.email");
            return name.ok()
                            && email.ok()
                            && !name.lines().isEmpty()
                            && !email.lines().isEmpty()
                    ? Optional.of(name.lines().get(0) + " <" + email.lines().get(0) + ">")
                    : Optional.empty();
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read " + path, e);
        }
    }

    /** A commit. */
    public record Commit(String id, String subject, List<String> parents) {
        public Commit {
            parents = List.copyOf(parents);
        }

        /** Returns the form that commit messages use, with 12 digits and the subject. */
        @Override
        public String toString() {
            return id.substring(0, 12) + " (\"" + subject + "\")";
        }
    }

    /** Finds a commit. */
    public Commit commit(String revision) throws KernelException, InterruptedException {
        try {
            return log("-1", worktree.object(revision, "commit")).get(0);
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read " + path, e);
        }
    }

    /**
     * Returns the commits that {@code to} has and {@code from} has not, the oldest first, {@code to} last.
     *
     * @param firstParent whether a merge counts as one commit
     * @param paths restricts the result to commits that change one of them, and {@code to}
     */
    public List<Commit> between(String from, String to, boolean firstParent, List<String> paths)
            throws KernelException, InterruptedException {
        try {
            String old = worktree.object(from, "commit");
            String last = worktree.object(to, "commit");
            if (!worktree.read("merge-base", "--is-ancestor", old, last).ok()) {
                throw new KernelException(from + " is not an ancestor of " + to + " in " + path);
            }
            List<String> arguments = new ArrayList<>(List.of("--reverse", "--topo-order"));
            if (firstParent) {
                arguments.add("--first-parent");
            }
            arguments.add(old + ".." + last);
            arguments.add("--");
            arguments.addAll(paths);
            List<Commit> commits = new ArrayList<>(log(arguments.toArray(String[]::new)));
            if (commits.isEmpty() || !commits.get(commits.size() - 1).id().equals(last)) {
                commits.add(commit(last));
            }
            return commits;
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read " + path, e);
        }
    }

    /** Returns the newest commit that both have. */
    public String mergeBase(String one, String other) throws KernelException, InterruptedException {
        try {
            Command.Outcome base = worktree.read("merge-base", one, other);
            if (!base.ok() || base.lines().isEmpty()) {
                throw new KernelException(one + " and " + other + " have no commit in common in " + path);
            }
            return base.lines().get(0);
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read " + path, e);
        }
    }

    private List<Commit> log(String... arguments) throws IOException, InterruptedException, KernelException {
        List<String> command = new ArrayList<>(List.of("log", "--format=%H%x09%P%x09%s"));
        command.addAll(Arrays.asList(arguments));
        Command.Outcome log = worktree.read(command.toArray(String[]::new));
        if (!log.ok()) {
            throw new KernelException("git log in " + path + ": "
                    + (log.lines().isEmpty()
                            ? "exit code " + log.exit()
                            : log.lines().get(0)));
        }
        return log.lines().stream()
                .map(line -> line.split("\t", 3))
                .map(part ->
                        new Commit(part[0], part[2], part[1].isEmpty() ? List.of() : List.of(part[1].split(" ", -1))))
                .toList();
    }

    /**
     * Applies a series, one commit a patch.
     *
     * @return the ids of the commits, for {@code tree:PATH@ID+PROFILE}
     * @throws DoesNotApplyException if a patch does not apply; names the patch, the file and the hunk
     */
    public List<String> apply(String base, PatchSeries series) throws KernelException, InterruptedException {
        List<PatchSeries.Patch> patches = series.patches();
        try {
            return cache.<List<String>, KernelException>locked(BuiltKernels.TREES, name, () -> {
                List<String> commits = new ArrayList<>();
                String on = worktree.object(base, "commit");
                for (int i = 0; i < patches.size(); i++) {
                    PatchSeries.Patch patch = patches.get(i);
                    try {
                        on = worktree.apply(on, patch.mail(), patch.files());
                    } catch (Worktree.Conflict conflict) {
                        throw new DoesNotApplyException(reason(patch, i + 1, patches.size(), base, conflict.lines()));
                    }
                    commits.add(on);
                }
                return commits;
            });
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot apply the series to " + path, e);
        }
    }

    /** Returns the functions that {@code to} has otherwise than {@code from}; either may be a commit of {@link #apply}. */
    public List<TouchedFunction> touched(String from, String to) throws KernelException, InterruptedException {
        try {
            return cache.<List<TouchedFunction>, KernelException>locked(
                    BuiltKernels.TREES, name, () -> TouchedFunction.of(worktree.changes(from, to)));
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read what the series changes in " + path, e);
        }
    }

    private static String reason(PatchSeries.Patch patch, int number, int total, String base, List<String> output) {
        String which = "patch " + number + "/" + total + " '" + patch.subject() + "' does not apply to " + base + ": ";
        for (String line : output) {
            Matcher failed = FAILED.matcher(line);
            if (failed.matches()) {
                return which + failed.group(1) + ", hunk "
                        + hunk(patch.diff(), failed.group(1), failed.group(2)).orElse("at line " + failed.group(2));
            }
        }
        return which
                + output.stream()
                        .map(OTHERWISE::matcher)
                        .filter(Matcher::matches)
                        .map(m -> m.group(1))
                        .findFirst()
                        .orElse(output.isEmpty() ? "git am printed nothing" : output.get(0));
    }

    /** Finds the header of the hunk that begins at a line of a file, as it was before the patch. */
    private static Optional<String> hunk(List<String> diff, String file, String line) {
        boolean inFile = false;
        for (String each : diff) {
            if (each.startsWith("--- ") || each.startsWith("+++ ")) {
                inFile = each.startsWith("--- a/" + file) || each.startsWith("+++ b/" + file);
            } else if (inFile && (each.startsWith("@@ -" + line + ",") || each.startsWith("@@ -" + line + " "))) {
                return Optional.of(each);
            }
        }
        return Optional.empty();
    }
}
