// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A copy of a user's kernel tree to build in. The user's checkout, index, .config and repository are only read. Uncommitted files go to
 * a separate repository, which borrows the objects of the user's. Only changed files of the copy are written, so that make compiles no
 * others again.
 */
final class Worktree {
    private static final Duration DEADLINE = Duration.ofMinutes(15);

    private final Path tree;
    private final Path folder;

    /** @param folder holds the copy and its repository; the caller holds its lock */
    Worktree(Path tree, Path folder) {
        this.tree = tree;
        this.folder = folder;
    }

    Path source() {
        return folder.resolve("src");
    }

    /** Returns the id of the tree object to build: of a revision, or of the working tree. */
    String snapshot(Optional<String> revision) throws IOException, InterruptedException, KernelException {
        if (!Files.isDirectory(tree)) {
            throw new KernelException("no kernel tree at " + tree);
        }
        if (revision.isEmpty()) {
            // Before what may be gigabytes of something else is copied.
            Path makefile = tree.resolve("Makefile");
            versionIn(Files.isRegularFile(makefile) ? Files.readAllLines(makefile, ISO_8859_1) : List.of());
        }
        prepare();
        if (revision.isPresent()) {
            return object(revision.get(), "tree");
        }
        ownGit(tree, "snapshot.index", "add", "-A");
        List<String> id = ownGit(tree, "snapshot.index", "write-tree");
        return id.get(id.size() - 1);
    }

    /**
     * Returns the id of a revision of the user's repository, or of a commit that {@link #apply} made.
     *
     * @param type {@code commit} or {@code tree}
     */
    String object(String revision, String type) throws IOException, InterruptedException, KernelException {
        for (List<String> repositoryOptions :
                List.of(List.of("-C", tree.toString()), List.of("--git-dir=" + repository()))) {
            Command.Outcome id =
                    git(repositoryOptions, Map.of(), "rev-parse", "--verify", "-q", revision + "^{" + type + "}");
            if (id.ok() && !id.lines().isEmpty()) {
                return id.lines().get(0);
            }
        }
        throw new KernelException("the tree " + tree + " has no revision '" + revision + "'");
    }

    /** Runs a git command that reads the user's repository. */
    Command.Outcome read(String... command) throws IOException, InterruptedException, KernelException {
        return git(List.of("-C", tree.toString()), Map.of(), command);
    }

    /** A patch did not apply; with the output of git. */
    static final class Conflict extends Exception {
        private static final long serialVersionUID = 1;
        private final transient List<String> lines;

        Conflict(List<String> lines) {
            super(String.join("\n", lines));
            this.lines = lines;
        }

        List<String> lines() {
            return lines;
        }
    }

    /**
     * Applies a patch to a commit, as git am(1) does.
     *
     * @param touched the files that the patch changes: only these are checked out
     * @return the id of the new commit
     */
    String apply(String base, Path mail, Collection<String> touched)
            throws IOException, InterruptedException, KernelException, Conflict {
        prepare();
        Path work = Files.createDirectories(folder.resolve("am"));
        ownGit(work, "am.index", "read-tree", base);
        ownGit(work, "am.index", "update-ref", "--no-deref", "HEAD", base);
        List<String> list = new ArrayList<>(List.of("ls-files", "--"));
        list.addAll(touched);
        for (String file : ownGit(work, "am.index", list.toArray(String[]::new))) {
            ownGit(work, "am.index", "checkout-index", "-f", "-u", "--", file);
        }
        Command.Outcome applied = tryOwnGit(
                work,
                "am.index",
                List.of("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false"),
                "am",
                "--committer-date-is-author-date",
                mail.toString());
        if (!applied.ok()) {
            tryOwnGit(work, "am.index", List.of(), "am", "--quit");
            throw new Conflict(applied.lines());
        }
        return ownGit(work, "am.index", "rev-parse", "--verify", "HEAD").get(0);
    }

    /** Returns what is changed between two commits in C files, without context; the head of each hunk names its function. */
    List<String> changes(String from, String to) throws IOException, InterruptedException, KernelException {
        prepare();
        // Else a label is taken for a function.
        Path attributes = Files.writeString(folder.resolve("attributes"), "*.[ch] diff=cpp\n");
        return require(git(
                List.of("--git-dir=" + repository(), "-c", "core.attributesFile=" + attributes),
                Map.of(),
                "diff-tree",
                "-r",
                "-p",
                "-U0",
                "--no-color",
                "--no-ext-diff",
                "--no-renames",
                "--src-prefix=a/",
                "--dst-prefix=b/",
                from,
                to,
                "--",
                "*.[ch]"));
    }

    private Path repository() {
        return folder.resolve("git");
    }

    /** Returns the kernel's version in the top Makefile of a tree object. */
    String version(String id) throws IOException, InterruptedException, KernelException {
        Command.Outcome text = git(List.of("--git-dir=" + repository()), Map.of(), "cat-file", "-p", id + ":Makefile");
        return versionIn(text.ok() ? text.lines() : List.of());
    }

    private String versionIn(List<String> makefile) throws KernelException {
        return KernelBuild.version(makefile)
                .orElseThrow(() -> new KernelException(
                        tree + " is not a kernel tree: it has no Makefile with VERSION and PATCHLEVEL"));
    }

    /** Updates the copy to a tree object. */
    void checkOut(String id) throws IOException, InterruptedException, KernelException {
        Files.createDirectories(source());
        ownGit(source(), "source.index", "read-tree", "-u", "--reset", id);
    }

    private void prepare() throws IOException, InterruptedException, KernelException {
        Path repository = repository();
        if (!Files.exists(repository.resolve("HEAD"))) {
            Files.createDirectories(folder);
            require(git(List.of(), Map.of(), "init", "-q", "--bare", repository.toString()));
            // Files are compared byte by byte: convert nothing.
            ownGit(folder, "snapshot.index", "config", "core.autocrlf", "false");
        }
        Command.Outcome objects = git(
                List.of("-C", tree.toString()),
                Map.of(),
                "rev-parse",
                "--path-format=absolute",
                "--git-path",
                "objects");
        if (objects.ok() && !objects.lines().isEmpty()) {
            Files.writeString(
                    repository.resolve("objects/info/alternates"),
                    objects.lines().get(0) + "\n");
        }
    }

    private List<String> ownGit(Path workTree, String index, String... command)
            throws IOException, InterruptedException, KernelException {
        return require(tryOwnGit(workTree, index, List.of(), command));
    }

    private Command.Outcome tryOwnGit(Path workTree, String index, List<String> settings, String... command)
            throws IOException, InterruptedException, KernelException {
        List<String> repositoryOptions = new ArrayList<>(
                List.of("--git-dir=" + repository(), "--work-tree=" + workTree, "-C", workTree.toString()));
        repositoryOptions.addAll(settings);
        return git(
                repositoryOptions,
                Map.of(
                        "GIT_INDEX_FILE", folder.resolve(index).toString(),
                        "GIT_COMMITTER_NAME", "ksplat",
                        "GIT_COMMITTER_EMAIL", "ksplat@localhost"),
                command);
    }

    private Command.Outcome git(List<String> repositoryOptions, Map<String, String> environment, String... command)
            throws IOException, InterruptedException, KernelException {
        List<String> all = new ArrayList<>(List.of("git"));
        all.addAll(repositoryOptions);
        all.addAll(List.of("-c", "core.bare=false", "-c", "core.fsmonitor=false", "-c", "gc.auto=0"));
        all.addAll(List.of(command));
        return new Command(DEADLINE, all).run(Path.of("/"), environment, line -> {});
    }

    private List<String> require(Command.Outcome outcome) throws KernelException {
        if (!outcome.ok()) {
            throw new KernelException("git could not copy " + tree + ": "
                    + outcome.lines().stream()
                            .filter(line -> !line.startsWith("warning: ") && !line.startsWith("hint: "))
                            .findFirst()
                            .orElse("exit code " + outcome.exit()));
        }
        return outcome.lines();
    }
}
