// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shares of the catalogue under JUnit's own launcher, without ksplat's command, and their joint report. */
@Tag("machine")
@Tag("full")
class ConsoleLauncherTest {
    private static final Duration LIMIT = Duration.ofMinutes(15);

    @TempDir
    Path folder;

    private HeldProcess launch(String report, String... selection) throws Exception {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.junit.platform.console.ConsoleLauncher",
                "execute",
                "--disable-banner",
                "--fail-if-no-tests",
                "--config=ksplat.kernel=debian:7.2",
                "--config=ksplat.report=" + folder.resolve(report)));
        words.addAll(List.of(selection));
        return HeldProcess.run(folder, LIMIT, words.toArray(String[]::new));
    }

    @Test
    void sharesByClassAndByTagAreOneReport() throws Exception {
        HeldProcess byClass = launch("shard-1", "--select-class=io.ksplat.reproducers.lock.ResSpinLockAa");
        assertThat(byClass.status()).as(byClass.output()).isZero();
        HeldProcess byTag = launch(
                "shard-2",
                "--select-package=io.ksplat.reproducers.lock",
                "--include-tag=machine",
                "--include-classname=.*\\.ResSpinLockAbba");
        assertThat(byTag.status()).as(byTag.output()).isZero();

        LockShares.areOneReport(folder);
    }

    /** The opposite: what is not as expected, and a share that runs nothing, are no success. */
    @Test
    void aShareThatFailsOrRunsNothingIsRed() throws Exception {
        HeldProcess differs = launch(
                "differs", "--select-class=io.ksplat.reproducers.lock.ResSpinLockAa", "--config=ksplat.expect=CLEAN");
        assertThat(differs.status()).as(differs.output()).isEqualTo(1);
        HeldProcess nothing =
                launch("nothing", "--select-class=io.ksplat.reproducers.lock.ResSpinLockAa", "--include-tag=slow");
        assertThat(nothing.status()).as(nothing.output()).isEqualTo(2);
    }
}
