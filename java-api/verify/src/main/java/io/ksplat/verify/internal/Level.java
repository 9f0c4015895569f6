// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import io.ksplat.verify.internal.Step.Need;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** How much is checked. A test belongs to a level by its JUnit tag; one without a tag of these belongs to the first. */
enum Level {
    /** What a stranger runs: stock kernels only. */
    VERIFY,
    /** What is missing in {@link #VERIFY}, but for {@link #LONG}. */
    FULL,
    /** Hours. */
    LONG;

    /** Returns its steps, the most telling first, because time may be short. */
    List<Step> steps() {
        return switch (this) {
            case VERIFY ->
                List.of(Step.onKernels(
                        "", "tests on stock kernels", List.of("debian:6.12", "debian:7.2", "debian:6.1"), List.of()));
            case FULL ->
                List.of(
                        tagged("trust", "lies and truths", List.of("debian:6.12"), "-Dksplat.trust.skip=false"),
                        tagged(
                                "lockdep",
                                "tests with lockdep",
                                List.of("source:7.3+lockdep"),
                                "-Dksplat.lockdep.skip=false"),
                        new Step(
                                "full",
                                "long tests on stock kernels",
                                List.of(
                                        Need.kernel("debian:6.12"),
                                        Need.kernel("debian:7.2"),
                                        new Need("a browser", List.of("scripts/prepare-browser")),
                                        new Need("schemas of CI systems", List.of("scripts/prepare-npm", "ci-schemas")),
                                        new Need("a viewer of traces", List.of("scripts/prepare-npm", "speedscope")),
                                        new Need("chrome://tracing", List.of("scripts/prepare-trace-viewer")),
                                        new Need("a database server", List.of("scripts/prepare-database")),
                                        new Need("a system with b4", List.of("scripts/prepare-b4")),
                                        new Need("Gradle", List.of("scripts/prepare-gradle")),
                                        new Need("libFuzzer", List.of("scripts/prepare-fuzzer")),
                                        new Need("Slurm", List.of("scripts/prepare-slurm"))),
                                false,
                                arguments("full", "-Dksplat.rest.skip=false")),
                        new Step("container", "containers", List.of(), true, arguments("container")),
                        tagged("kasan", "tests with KASAN", List.of("source:7.3+kasan")));
            case LONG ->
                List.of(
                        new Step(
                                "long",
                                "soaks, and what a release asks for",
                                List.of(
                                        Need.kernel("debian:6.12"),
                                        Need.kernel("debian:7.2"),
                                        new Need("a machine for a rack", List.of("scripts/prepare-rack")),
                                        new Need("stress-ng and strace", List.of("scripts/prepare-stress")),
                                        new Need("libFuzzer", List.of("scripts/prepare-fuzzer")),
                                        new Need("BMCs for it", List.of("scripts/prepare-ipmi")),
                                        new Need("Slurm", List.of("scripts/prepare-slurm"))),
                                false,
                                arguments("long")),
                        new Step(
                                "package",
                                "packages",
                                List.of(
                                        Need.kernel("debian:7.2"),
                                        new Need(
                                                "packages, and systems to install them in",
                                                List.of("scripts/prepare-installs"))),
                                true,
                                arguments("package")));
        };
    }

    /** Returns the step of that tag; empty if none has it. */
    static List<Step> tagged(String tag) {
        return all().filter(step -> step.tag().equals(tag)).toList();
    }

    static List<String> tags() {
        return all().map(Step::tag).filter(tag -> !tag.isEmpty()).toList();
    }

    private static Stream<Step> all() {
        return Stream.of(values()).flatMap(level -> level.steps().stream());
    }

    private static Step tagged(String tag, String name, List<String> kernels, String... more) {
        return Step.onKernels(tag, name, kernels, arguments(tag, more));
    }

    private static List<String> arguments(String tags, String... more) {
        List<String> maven =
                new ArrayList<>(List.of("-Dksplat.level=" + tags, "-Dksplat.others=", "-Dexamples.skip=true"));
        maven.addAll(List.of(more));
        return List.copyOf(maven);
    }
}
