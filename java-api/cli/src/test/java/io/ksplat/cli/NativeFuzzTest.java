// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the agent and the guard read, in C, under libFuzzer and the sanitizers ({@code make -C native fuzz}). An input that breaks one
 * stays in {@code native/build/fuzz}.
 */
@Tag("network")
class NativeFuzzTest {
    private static final Duration PREPARE = Duration.ofMinutes(10);
    private static final int MANY = Integer.getInteger("ksplat.fuzz.native.runs", 20_000_000);

    @TempDir
    Path folder;

    @Test
    @Tag("full")
    void takesWhatIsMadeOfTheSeeds() throws Exception {
        fuzz(50_000, 1, Duration.ofHours(1));
    }

    @Test
    @Tag("long")
    void takesWhatIsMadeOfThemForLong() throws Exception {
        fuzz(MANY, 2, Duration.ofHours(24));
    }

    /** The number of executions ends it; the limit is for a reader that waits for ever. */
    private void fuzz(int runs, int seed, Duration limit) throws Exception {
        Path fuzzer = Skips.unlessPrepared(folder, PREPARE, "prepare-fuzzer", "the agent and the guard are not fuzzed");

        HeldProcess fuzzed = HeldProcess.run(
                folder,
                limit,
                "make",
                "-s",
                "-C",
                Path.of("../../native").toAbsolutePath().normalize().toString(),
                "fuzz",
                "FUZZ_CC=" + fuzzer.resolve("fuzz-clang"),
                "FUZZ_RUNS=" + runs,
                "FUZZ_SEED=" + seed);

        System.out.println(fuzzed.output());
        assertThat(fuzzed.status()).as(fuzzed.output()).isZero();
        assertThat(fuzzed.output())
                .contains("fuzz-agent: " + runs + " executions", "fuzz-guard: " + runs + " executions");
    }
}
