// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Patches as they come by mail, on a small repository. */
class KernelTreeTest {
    private static final String POEM = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

    @TempDir
    Path folder;

    private Path tree;

    @BeforeEach
    void makeTree() throws Exception {
        tree = Files.createDirectories(folder.resolve("tree"));
        git("init", "-q", "-b", "main");
        commit("a.c", POEM, "Begin");
        git("tag", "base");
        commit("a.c", POEM.replace("two", "zwei"), "Count in German");
        commit("b.c", "b\n", "Add b");
    }

    @Test
    void whatFormatPatchWritesApplies() throws Exception {
        git("format-patch", "-q", "-o", folder.resolve("out").toString(), "base..main");

        List<String> commits = apply("base", folder.resolve("out"));

        assertThat(commits).hasSize(2);
        assertThat(ownTree(commits.get(1))).isEqualTo(git("rev-parse", "main^{tree}"));
        assertThat(git("status", "--porcelain")).as("the user's checkout").isEmpty();
        assertThat(git("count-objects")).as("the user's objects").startsWith("9 objects");
    }

    @Test
    void anArchivedThreadIsPutInOrder() throws Exception {
        String thread = mail("[PATCH v2 0/2] Count", "The cover letter.\n")
                + mail("[PATCH v3 2/2] Add b", diffOf("main"))
                + mail("Re: [PATCH v3 1/2] Count in German", "> two\n\n" + diffOf("main~1"))
                + mail("[PATCH v2 1/2] Count in Greek", diffOf("main~1").replace("zwei", "dyo"))
                + mail("[PATCH v3 1/2] Count in German", "Tested-by: N <n@example.org>\n---\n" + diffOf("main~1"))
                + mail("[PATCH v3 0/2] Count", "Another cover letter.\n");
        PatchSeries series = read(Files.writeString(folder.resolve("thread.mbox"), thread));

        assertThat(series.patches()).extracting(PatchSeries.Patch::subject).containsExactly("Count in German", "Add b");
        assertThat(series.remarks())
                .anyMatch(line -> line.contains("Re: "))
                .anyMatch(line -> line.contains("before v3"));
        List<String> commits = open().apply("base", series);
        assertThat(ownTree(commits.get(1))).isEqualTo(git("rev-parse", "main^{tree}"));
        assertThat(own("log", "-1", "--format=%B", commits.get(0))).contains("Tested-by: N");
    }

    @Test
    void tellsTheFunctionsThatASeriesTouchesAndTheirLines() throws Exception {
        String code = """
                static int first(int a)
                {
                	if (a)
                		goto out;
                out:
                	return a;
                }

                static int second(int a)
                {
                	return a;
                }
                """;
        commit("c.c", code, "Add c");
        git("tag", "with-c");
        commit("c.c", code.replace("out:\n\treturn a", "out:\n\tb();\n\treturn -a"), "Change the first");
        commit("c.c", "/* New. */\n" + Files.readString(tree.resolve("c.c")), "Shift the lines");
        git("format-patch", "-q", "-o", folder.resolve("out").toString(), "with-c..main");

        List<String> commits = apply("with-c", folder.resolve("out"));

        assertThat(open().touched(git("rev-parse", "with-c"), commits.get(1)))
                .containsExactly(new TouchedFunction("c.c", "first", 7));
        assertThat(git("status", "--porcelain")).as("the user's checkout").isEmpty();
    }

    @Test
    void aPackedArchiveIsRead() throws Exception {
        Path packed = folder.resolve("t.mbox.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(mail("[PATCH] Count in German", diffOf("main~1"))
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }

        assertThat(read(packed).patches()).hasSize(1);
    }

    @Test
    void aPatchThatDoesNotApplyIsNamedWithFileAndHunk() throws Exception {
        Path mail = Files.writeString(
                folder.resolve("x.patch"),
                mail("[PATCH] Count in Latin", diffOf("main~1").replace("-two", "-deux")));

        assertThatThrownBy(() -> apply("base", mail))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("Count in Latin")
                .hasMessageContaining("does not apply to base")
                .hasMessageContaining("a.c, hunk @@ -1,5 +1,5 @@");
        // And the next trial begins from nothing.
        git("format-patch", "-q", "-o", folder.resolve("out").toString(), "base..main");
        assertThat(apply("base", folder.resolve("out"))).hasSize(2);
    }

    /** diff(1) writes no number of lines if it is one: {@code @@ -1 +1 @@}. */
    @Test
    void aHunkOfOneLineIsNamedAsWell() throws Exception {
        Path mail = Files.writeString(folder.resolve("x.patch"), mail("[PATCH] Count in Latin", """
                        diff --git a/a.c b/a.c
                        --- a/a.c
                        +++ b/a.c
                        @@ -1 +1 @@
                        -unus
                        +duo
                        """));

        assertThatThrownBy(() -> apply("base", mail)).hasMessageContaining("a.c, hunk @@ -1 +1 @@");
    }

    @Test
    void aMissingPatchIsNamed() throws Exception {
        Path mail = Files.writeString(folder.resolve("x.mbox"), mail("[PATCH 2/3] Add b", diffOf("main")));

        assertThatThrownBy(() -> read(mail)).hasMessageContaining("no patch 1/3, 3/3");
    }

    @Test
    void mailsWithoutAPatchAreNoSeries() throws Exception {
        Path mail = Files.writeString(folder.resolve("x.mbox"), mail("Hello", "Nothing here.\n"));

        assertThatThrownBy(() -> read(mail)).hasMessageContaining("no patch in");
    }

    @Test
    void commitsBetweenTwoRevisionsComeInOrder() throws Exception {
        KernelTree opened = open();

        assertThat(opened.between("base", "main", false, List.of()))
                .extracting(KernelTree.Commit::subject)
                .containsExactly("Count in German", "Add b");
        assertThat(opened.between("base", "main", false, List.of("a.c")))
                .as("those that touch a.c, and the end")
                .hasSize(2);
        assertThatThrownBy(() -> opened.between("main", "base", false, List.of()))
                .hasMessageContaining("is not an ancestor");
        assertThatThrownBy(() -> opened.commit("nowhere")).hasMessageContaining("no revision 'nowhere'");
    }

    private KernelTree open() throws Exception {
        return KernelTree.open(new Cache(folder.resolve("cache")), tree);
    }

    private List<String> apply(String base, Path input) throws Exception {
        return open().apply(base, read(input));
    }

    private PatchSeries read(Path input) throws Exception {
        return PatchSeries.read(List.of(input), Files.createTempDirectory(folder, "mails"));
    }

    private String diffOf(String commit) throws Exception {
        return git("diff", commit + "~1", commit) + "\n";
    }

    private static String mail(String subject, String body) {
        return "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: A <a@example.org>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\nSubject: "
                + subject + "\n\nSome words.\n\n" + body + "\n";
    }

    private void commit(String file, String text, String subject) throws Exception {
        Files.writeString(tree.resolve(file), text);
        git("add", "-A");
        git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", subject);
    }

    private String ownTree(String commit) throws Exception {
        return own("rev-parse", commit + "^{tree}");
    }

    /** In the repository that ksplat keeps beside its copy of the tree. */
    private String own(String... command) throws Exception {
        Path repository = folder.resolve("cache/tree")
                .resolve(BuiltKernels.nameOf(tree.toRealPath()))
                .resolve("git");
        List<String> words = new ArrayList<>(List.of("git", "--git-dir=" + repository));
        words.addAll(Arrays.asList(command));
        return run(words);
    }

    private String git(String... command) throws Exception {
        List<String> words = new ArrayList<>(List.of("git"));
        words.addAll(Arrays.asList(command));
        return run(words);
    }

    private String run(List<String> words) throws IOException, InterruptedException, KernelException {
        Command.Outcome outcome = new Command(Duration.ofSeconds(60), words).run(tree, Map.of(), line -> {});
        assertThat(outcome.exit()).as(outcome.lines().toString()).isZero();
        return String.join("\n", outcome.lines());
    }
}
