// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.util.ArrayList;
import java.util.List;

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
                List.of(Step.tests("tests on stock kernels", List.of("debian:6.12", "debian:7.2", "debian:6.1")));
            case FULL ->
                List.of(
                        tagged("lies and truths", List.of("debian:6.12"), "trust", "-Dksplat.trust.skip=false"),
                        tagged(
                                "tests with lockdep",
                                List.of("source:7.3+lockdep"),
                                "lockdep",
                                "-Dksplat.lockdep.skip=false"),
                        tagged("long tests on stock kernels", List.of("debian:6.12", "debian:7.2"), "full"),
                        tagged("containers and packages", List.of(), "container | package")
                                .withContainers(),
                        tagged("tests with KASAN", List.of("source:7.3+kasan"), "kasan"));
            case LONG -> List.of(tagged("soaks", List.of("debian:6.12", "debian:7.2"), "long"));
        };
    }

    private static Step tagged(String name, List<String> kernels, String tag, String... more) {
        List<String> maven =
                new ArrayList<>(List.of("-Dksplat.level=" + tag, "-Dksplat.others=", "-Dexamples.skip=true"));
        maven.addAll(List.of(more));
        return new Step(name, kernels, false, List.copyOf(maven));
    }
}
