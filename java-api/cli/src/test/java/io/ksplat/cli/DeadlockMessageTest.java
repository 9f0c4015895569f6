// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.ksplat.evidence.Verdict;
import io.ksplat.junit.KernelDeadlockError;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.reporting.FileEntry;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What a developer reads who did not expect a real deadlock, in an IDE say. */
@Tag("machine")
@Timeout(120)
class DeadlockMessageTest {
    @TempDir
    Path folder;

    @Test
    void tellsWhoWaitsForWhomAndShowsTheTwoStacksThatMatter() {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Map<String, Path> attached = new HashMap<>();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass("io.ksplat.reproducers.kptr.NmiTaskKptr"))
                                .configurationParameter("ksplat.expect", "clean")
                                .configurationParameter("ksplat.report", folder.toString())
                                .configurationParameter(
                                        "junit.platform.reporting.output.dir",
                                        folder.resolve("attached").toString())
                                .build(),
                        new TestExecutionListener() {
                            @Override
                            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                                result.getThrowable().ifPresent(thrown::set);
                            }

                            @Override
                            public void fileEntryPublished(TestIdentifier test, FileEntry file) {
                                attached.put(file.getPath().getFileName().toString(), file.getPath());
                            }
                        });

        assertThat(thrown.get())
                .isInstanceOfSatisfying(KernelDeadlockError.class, error -> {
                    assertThat(error.verdict()).isEqualTo(Verdict.DEADLOCK);
                    assertThat(error.expected()).isEqualTo(Verdict.CLEAN);
                })
                .message()
                .contains("a bug was seen that was not expected (expected CLEAN, but the verdict is DEADLOCK)")
                .contains("cpu-stuck: CPU 0 stuck in native_queued_spin_lock_slowpath")
                .containsSubsequence("CPU 0, nmi:", "_on_nmi+", "CPU 0, task:")
                .doesNotContain("CPU 1,")
                .contains("control nmi: 1 of 1")
                .contains("all of it: " + folder);
        assertThat(attached).containsKeys("console.log", "evidence.json");
    }
}
