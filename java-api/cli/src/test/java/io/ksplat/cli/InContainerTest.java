// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.DockerClientFactory;

/** {@code ksplat run --in-container}, as the launcher starts it: nothing is left in Docker, however it ends. */
@Tag("container")
class InContainerTest {
    private static final String ENDLESS = "acceptance-endless";

    /** There is none by that name: who uses it fails. */
    private static final String NO_PROGRAM = "/nonexistent/program";

    @TempDir
    Path folder;

    @BeforeEach
    void needDocker() {
        Skips.unlessDocker();
    }

    private static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put("KSPLAT_QEMU", NO_PROGRAM);
        environment.put("KSPLAT_CLANG", program("clang"));
        environment.put("KSPLAT_BUILD_TOOLS", program("build-tools"));
        return environment;
    }

    private static String program(String name) {
        return Path.of("../../vm-images/container", name)
                .toAbsolutePath()
                .normalize()
                .toString();
    }

    private static List<Container> containers() {
        return DockerClientFactory.instance()
                .client()
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(List.of("io.ksplat"))
                .exec();
    }

    private static void assertNoContainerIsLeft() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!containers().isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(containers()).as("containers left").isEmpty();
    }

    @Test
    void runsQemuAndClangOfTheImage() throws Exception {
        Map<String, String> environment = environment();
        environment.put("XDG_CACHE_HOME", Caches.without(folder, List.of("bpf")).toString());
        Ksplat ksplat = Ksplat.run(folder, environment, "run", "nmi-task-kptr", "nmi-cpumask-kptr", "--in-container");

        assertThat(ksplat.exit()).as(ksplat.out() + ksplat.err()).isEqualTo(0);
        assertThat(ksplat.results().path("runs").findValuesAsText("verdict")).containsExactly("DEADLOCK", "CLEAN");
        assertThat(ksplat.results().path("runs").findValuesAsText("origin")).containsOnly("boot");
        assertNoContainerIsLeft();
        ksplat.assertNothingLeft();
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM", "KILL"})
    void noContainerOutlivesIt(String signal) throws Exception {
        Ksplat ksplat = Ksplat.start(folder, environment(), "run", ENDLESS, "--in-container");
        ksplat.awaitProgress(ENDLESS + ": running");
        assertThat(containers()).hasSize(1);

        EndingsTest.kill(signal, ksplat.handle());

        ksplat.exit();
        assertNoContainerIsLeft();
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("ERROR");
    }

    /** A tree whose Makefile has the kernel's targets; only in a container does it begin to build. */
    private Path tree(String recipe) throws Exception {
        Path tree = Files.createDirectories(folder.resolve("linux"));
        Files.writeString(tree.resolve("Makefile"), """
                VERSION = 7
                PATCHLEVEL = 3
                SUBLEVEL = 4
                allnoconfig:
                \tcp $(KCONFIG_ALLCONFIG) $(O)/.config
                vmlinux bzImage &:
                \t@test -f /.dockerenv && echo "  CC      core.o"
                \t@RECIPE
                """.replace("RECIPE", recipe));
        Files.writeString(tree.resolve("core.c"), "int x;\nint f(void) { return nosuch; }\n");
        for (String command :
                List.of("init -q", "add -A", "-c user.name=a -c user.email=a@example.org commit -qm one")) {
            List<String> words = new ArrayList<>(List.of("git", "-C", tree.toString()));
            words.addAll(List.of(command.split(" ", -1)));
            assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
        }
        return tree;
    }

    private Ksplat startToBuild(Path tree) throws Exception {
        Map<String, String> environment = environment();
        environment.put("XDG_CACHE_HOME", folder.resolve("cache").toString());
        return Ksplat.start(
                folder, environment, "run", ENDLESS, "--in-container", "--kernel", "tree:" + tree + "+plain");
    }

    @Test
    void buildsAKernelWithTheCompilerOfTheImage() throws Exception {
        Ksplat ksplat = startToBuild(tree("$(CC) -c core.c -o $(O)/core.o"));

        assertThat(ksplat.exit()).as(ksplat.out() + ksplat.err()).isEqualTo(3);
        assertThat(ksplat.out()).containsPattern("the kernel does not build: core\\.c:2: .*nosuch");
        try (Stream<Path> files = Files.walk(folder.resolve("cache"))) {
            UserPrincipal user = Files.getOwner(folder);
            assertThat(files)
                    .allSatisfy(file -> assertThat(Files.getOwner(file)).isEqualTo(user));
        }
        assertNoContainerIsLeft();
    }

    private boolean hasBegun() throws IOException {
        Path objects = folder.resolve("cache/ksplat/build");
        if (!Files.isDirectory(objects)) {
            return false;
        }
        try (Stream<Path> builds = Files.list(objects)) {
            return builds.anyMatch(build -> Files.exists(build.resolve("begun")));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM", "KILL"})
    void noBuildOutlivesIt(String signal) throws Exception {
        Ksplat ksplat = startToBuild(tree("touch $(O)/begun; sleep 1000"));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!hasBegun()) {
            assertThat(ksplat.handle().isAlive()).as(ksplat.err()).isTrue();
            assertThat(System.nanoTime())
                    .as("waiting for make: " + ksplat.err())
                    .isLessThan(end);
            Thread.sleep(20);
        }
        assertThat(containers()).hasSize(1);

        EndingsTest.kill(signal, ksplat.handle());

        ksplat.exit();
        assertNoContainerIsLeft();
    }

    @Test
    void refusesWhatNeedsQemuHere() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, environment(), "run", ENDLESS, "--in-container", "--keep-dead");

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("--keep-dead and --vmcore need QEMU on this machine");
    }

    @Test
    void saysWhichImageIsMissing() throws Exception {
        Map<String, String> environment = environment();
        environment.put("KSPLAT_IMAGE", "ksplat-machine:none");
        Ksplat ksplat = Ksplat.run(folder, environment, "run", ENDLESS, "--in-container");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.err())
                .contains("has no image ksplat-machine:none: make it with vm-images/container/image")
                .doesNotContain("\tat ");
    }
}
