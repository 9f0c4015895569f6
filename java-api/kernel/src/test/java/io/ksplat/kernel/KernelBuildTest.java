// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.build.BuildFailedException;
import io.ksplat.kernel.internal.build.BuildTools;
import io.ksplat.kernel.internal.image.TestImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a tree whose Makefile has the kernel's targets, and compiles one file. */
class KernelBuildTest {
    @TempDir
    Path folder;

    private Path tree;
    private Kernels kernels;
    private final List<String> said = new ArrayList<>();

    @BeforeEach
    void smallTree() throws Exception {
        tree = Files.createDirectories(folder.resolve("linux"));
        Files.writeString(tree.resolve("Kconfig"), "");
        Files.writeString(tree.resolve(".gitignore"), "/.config\n");
        Files.writeString(tree.resolve("Makefile"), """
                VERSION = 7
                PATCHLEVEL = 3
                SUBLEVEL = 4
                EXTRAVERSION =
                allnoconfig:
                \tgrep -v NEW_ONE $(KCONFIG_ALLCONFIG) >$(O)/.config
                $(O)/core.o: kernel/core.c
                \t@echo "  CC      kernel/core.o"
                \t@$(CC) -c kernel/core.c -o $@
                vmlinux bzImage &: $(O)/core.o
                \t@mkdir -p $(O)/arch/x86/boot
                \t@cp bz $(O)/arch/x86/boot/bzImage
                \t@cp $(O)/core.o $(O)/vmlinux
                """);
        Files.createDirectory(tree.resolve("kernel"));
        Files.writeString(tree.resolve("kernel/core.c"), "int x;\n");
        Files.write(tree.resolve("bz"), TestImages.bzImage("7.3.4-plain", TestImages.elf(true, "types", "")));
        Files.writeString(tree.resolve(".config"), "CONFIG_THE_USERS=y\n");
        git("init", "-q");
        git("add", "-A");
        git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "one");
        Files.createDirectories(folder.resolve("apt"));
        kernels = new Kernels(
                new Cache(folder.resolve("cache")), folder.resolve("apt"), List.of(), List.of(), BuildTools.chosen());
    }

    private String git(String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of("git", "-C", tree.toString()));
        all.addAll(List.of(command));
        Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(out).isZero();
        return out;
    }

    private Kernel build(String spec) throws Exception {
        said.clear();
        return kernels.resolve(KernelSpec.parse(spec), (line, done) -> said.add(line));
    }

    @Test
    void buildsOnceWhatIsTheSame() throws Exception {
        Kernel first = build("tree:" + tree + "+plain");
        assertThat(said).anyMatch(l -> l.startsWith("building"));
        Kernel second = build("tree:" + tree + "+plain");
        assertThat(said).noneMatch(l -> l.startsWith("building"));
        Kernel committed = build("tree:" + tree + "@HEAD+plain");
        assertThat(said).noneMatch(l -> l.startsWith("building"));

        assertThat(first.release()).isEqualTo("7.3.4-plain");
        assertThat(second.key()).isEqualTo(first.key()).isEqualTo(committed.key());
        assertThat(first.debugVmlinux()).isPresent();
        assertThat(first.config().orElseThrow()).content().contains("CONFIG_BPF_SYSCALL=y");
    }

    @Test
    void buildsWhatLiesThereAndNotWhatIsCommitted() throws Exception {
        Kernel before = build("tree:" + tree + "+plain");
        Files.writeString(tree.resolve("kernel/core.c"), "int x; int changed;\n");
        Files.writeString(tree.resolve("kernel/new.h"), "");

        Kernel dirty = build("tree:" + tree + "+plain");

        assertThat(dirty.key()).isNotEqualTo(before.key());
        assertThat(Files.readAllBytes(dirty.debugVmlinux().orElseThrow()))
                .asString()
                .contains("changed");
        assertThat(build("tree:" + tree + "@HEAD+plain").key()).isEqualTo(before.key());
    }

    @Test
    void theUsersCheckoutStaysAsItIs() throws Exception {
        Files.writeString(tree.resolve("kernel/core.c"), "int y;\n");
        Files.writeString(tree.resolve("untracked"), "");
        Files.writeString(tree.resolve("staged"), "");
        git("add", "staged");
        String status = git("status", "--porcelain");
        String objects = git("count-objects", "-v");

        build("tree:" + tree + "+plain");

        assertThat(git("status", "--porcelain")).isEqualTo(status);
        assertThat(git("count-objects", "-v")).isEqualTo(objects);
        assertThat(git("worktree", "list").lines()).hasSize(1);
        assertThat(tree.resolve(".config")).hasContent("CONFIG_THE_USERS=y");
        assertThat(tree.resolve("core.o")).doesNotExist();
    }

    @Test
    void aFileThatDidNotChangeIsNotCompiledAgain() throws Exception {
        build("tree:" + tree + "+plain");
        Files.writeString(tree.resolve("README"), "new\n");

        build("tree:" + tree + "+plain");

        assertThat(said).noneMatch(l -> l.contains("objects"));
    }

    @Test
    void aBuildThatFailsNamesTheFirstErrorAndKeepsTheLog() throws Exception {
        Files.writeString(tree.resolve("kernel/core.c"), "int x;\nint f(void) { return nosuch; }\n");

        assertThatThrownBy(() -> build("tree:" + tree + "+plain"))
                .isInstanceOfSatisfying(BuildFailedException.class, e -> {
                    assertThat(e).hasMessageContaining("kernel/core.c:2: ").hasMessageContaining("nosuch");
                    assertThat(e.detail().orElseThrow()).content().contains("nosuch");
                });
    }

    @Test
    void anOptionThatTheTreeDoesNotHaveIsNamedWithItsLine() throws Exception {
        Path own = Files.writeString(folder.resolve("mine.config"), "\nCONFIG_NEW_ONE=y\n");

        assertThatThrownBy(() -> kernels.withFragments(List.of(own))
                        .resolve(KernelSpec.parse("tree:" + tree + "+plain"), Progress.NONE))
                .isInstanceOf(BuildFailedException.class)
                .hasMessageContaining("CONFIG_NEW_ONE=y (mine.config:2)");
    }

    @Test
    void aRevisionOrATreeThatIsNotThereIsSaid() {
        assertThatThrownBy(() -> build("tree:" + tree + "@v9.9+plain")).hasMessageContaining("no revision 'v9.9'");
        assertThatThrownBy(() -> build("tree:/nowhere+plain")).hasMessageContaining("no kernel tree at /nowhere");
        assertThatThrownBy(() -> build("tree:" + folder.resolve("apt") + "+plain"))
                .hasMessageContaining("is not a kernel tree");
    }

    /** It may be all of /tmp. */
    @Test
    void whatIsNoKernelTreeIsNotCopied() throws Exception {
        Path none = Files.createDirectories(folder.resolve("none"));
        Files.writeString(none.resolve("file"), "text");

        assertThatThrownBy(() -> build("tree:" + none + "+plain")).hasMessageContaining("none is not a kernel tree");
        assertThatThrownBy(() -> build("tree:" + none + "@HEAD+plain")).hasMessageContaining("no revision 'HEAD'");
        try (Stream<Path> copies = Files.list(folder.resolve("cache/tree"))) {
            assertThat(copies).noneMatch(Files::isDirectory);
        }
    }

    /** The warning of the folder {@code a} comes first. */
    @Test
    void whatGitCouldNotCopyIsSaid() throws Exception {
        git("clone", "-q", tree.toString(), "a");
        git("init", "-q", "z");

        assertThatThrownBy(() -> build("tree:" + tree + "+plain"))
                .hasMessageContaining("git could not copy " + tree + ": error: 'z/'");
    }

    /** Tools of another place, here: {@code body} has the command as "$@", its folders taken away. */
    private Kernels elsewhere(String body) throws Exception {
        Path program = Files.writeString(folder.resolve("elsewhere"), """
                #!/bin/bash
                printf '%s\\n' "$*" >>FOLDER/calls
                while [ "$1" != -- ]; do shift; done
                shift
                """.replace("FOLDER", folder.toString()) + body);
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Kernels(
                new Cache(folder.resolve("cache")),
                folder.resolve("apt"),
                List.of(),
                List.of(),
                BuildTools.behind(program.toString()));
    }

    private Kernel buildElsewhere(String body) throws Exception {
        said.clear();
        return elsewhere(body).resolve(KernelSpec.parse("tree:" + tree + "+plain"), (line, done) -> said.add(line));
    }

    @Test
    void theSameToolsOfAnotherPlaceMakeTheSameKernel() throws Exception {
        Kernel here = build("tree:" + tree + "+plain");
        Kernel there = buildElsewhere("exec \"$@\"\n");

        assertThat(there.key()).isEqualTo(here.key());
        assertThat(said).noneMatch(line -> line.startsWith("building"));
    }

    @Test
    void otherToolsMakeAnotherKernelOfObjectsOfTheirOwn() throws Exception {
        Kernel here = build("tree:" + tree + "+plain");
        Kernel there = buildElsewhere("\"$@\" | sed 's/^gcc gcc/gcc another/'; exit ${PIPESTATUS[0]}\n");

        assertThat(there.key()).isNotEqualTo(here.key());
        assertThat(there.release()).isEqualTo(here.release());
        assertThat(said).anyMatch(line -> line.startsWith("building"));
        try (Stream<Path> objects = Files.list(folder.resolve("cache/build"))) {
            assertThat(objects.filter(path -> Files.exists(path.resolve("core.o"))))
                    .hasSize(2);
        }
        assertThat(Files.readAllLines(folder.resolve("calls")))
                .filteredOn(call -> call.contains("make"))
                .hasSize(2)
                .allMatch(call -> call.matches(
                        "--read \\S+/src --write \\S+/build/\\S+ -- env LC_ALL=C KBUILD_\\S+ .* make -C .*"));
    }

    @Test
    void aToolThatIsMissingThereIsNamed() {
        assertThatThrownBy(() -> buildElsewhere("PATH=/nowhere; . /dev/fd/3 3<<<\"$3\"\n"))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("building a kernel needs gcc, ld, pahole; ")
                .hasMessageContaining("not found");
    }

    /** No signal reaches it there: the end of its input does. */
    @Test
    void aBuildOfAnotherPlaceEndsWithTheThreadThatWaits() throws Exception {
        Path ended = folder.resolve("ended");
        Kernels kernels = elsewhere("case \"$*\" in *vmlinux*) echo '  CC      a.o'; cat >/dev/null; sleep 0.3; touch "
                + ended + "; exit 1 ;; esac\nexec \"$@\"\n");
        CountDownLatch builds = new CountDownLatch(1);
        Thread builder = new Thread(() -> assertThatThrownBy(() ->
                        kernels.resolve(KernelSpec.parse("tree:" + tree + "+plain"), (line, done) -> {
                            if (line.contains("objects")) {
                                builds.countDown();
                            }
                        }))
                .isInstanceOf(InterruptedException.class));
        builder.start();
        assertThat(builds.await(30, TimeUnit.SECONDS)).isTrue();

        builder.interrupt();

        builder.join(30_000);
        assertThat(builder.isAlive()).isFalse();
        assertThat(ended)
                .as("its work had ended before the objects were let go")
                .exists();
    }
}
