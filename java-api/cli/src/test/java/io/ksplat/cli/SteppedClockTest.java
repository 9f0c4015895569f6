// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The wall clock of ksplat, QEMU and the compiler steps by hours, forwards and backwards, all through a run: the verdict stays. The
 * host's own clock is left alone.
 */
@Tag("full")
class SteppedClockTest {
    private static final long SEED = Long.getLong("ksplat.clock.seed", 1);
    private static final int MOST_HOURS = 11;
    private static final int BETWEEN_STEPS_MS = 50;

    /** Where stepped-clock.c has what. */
    private static final int SECONDS = 0;

    private static final int SEEN_BY_JAVA = 1;
    private static final int SEEN_BY_QEMU = 2;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"nmi-cpumask-kptr, CLEAN", "nmi-task-kptr, DEADLOCK"})
    @Tag("machine")
    @Tag("network")
    void theVerdictStays(String reproducer, String verdict) throws Exception {
        Preload clock = Preload.compile(folder, "stepped-clock");
        Random random = new Random(SEED);
        clock.page().put(SECONDS, hours(random));
        Ksplat ksplat = Ksplat.startUnder(folder, List.of(), clock.environment("STEPPED_CLOCK"), "run", reproducer);
        while (ksplat.handle().isAlive()) {
            TimeUnit.MILLISECONDS.sleep(BETWEEN_STEPS_MS);
            clock.page().put(SECONDS, hours(random));
        }

        String said = ksplat.out() + ksplat.err();
        long java = clock.page().get(SEEN_BY_JAVA);
        long qemu = clock.page().get(SEEN_BY_QEMU);
        System.out.println("| " + reproducer + " | " + ksplat.outcome(reproducer) + " | " + ksplat.exit()
                + " | ksplat saw " + java + " steps, QEMU " + qemu + " |");
        assertThat(ksplat.outcome(reproducer)).as(said).isEqualTo(verdict);
        assertThat(ksplat.exit()).as(said).isZero();
        assertThat(java).as("steps that ksplat saw").isGreaterThan(1);
        assertThat(qemu).as("steps that QEMU saw").isGreaterThan(1);
        assertThat(awayFromNow(begun(ksplat)))
                .as("when the report says that the run began")
                .isGreaterThan(Duration.ofMinutes(30));
        ksplat.assertNothingLeft();
    }

    /** Never none. */
    private static long hours(Random random) {
        long hours = 1 + random.nextInt(MOST_HOURS);
        return TimeUnit.HOURS.toSeconds(random.nextBoolean() ? hours : -hours);
    }

    private static Instant begun(Ksplat ksplat) throws IOException {
        try (Stream<Path> files = Files.walk(ksplat.report)) {
            Path run =
                    files.filter(file -> file.endsWith("run.json")).findFirst().orElseThrow();
            return Instant.parse(
                    new ObjectMapper().readTree(run.toFile()).path("begun").asText());
        }
    }

    private static Duration awayFromNow(Instant time) {
        return Duration.between(time, Instant.now()).abs();
    }
}
