// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every second read and write of ksplat, the compiler and QEMU's sockets takes fewer bytes than it was asked for, and one in sixteen
 * that may wait is interrupted: nothing is lost, and the verdict stays.
 */
@Tag("full")
class ShortCallsTest {
    /** Of each reproducer. */
    private static final int RUNS = Integer.getInteger("ksplat.short.runs", 2);

    /** Where short-calls.c counts what. */
    private static final int READS = 0;

    private static final int WRITES = 1;
    private static final int INTERRUPTED = 2;
    private static final int QEMU = 3;

    @TempDir
    Path folder;

    static Stream<Arguments> runs() {
        return Stream.of(Arguments.of("nmi-cpumask-kptr", "CLEAN"), Arguments.of("nmi-task-kptr", "DEADLOCK"))
                .flatMap(run -> Stream.iterate(1, seed -> seed <= RUNS, seed -> seed + 1)
                        .map(seed -> Arguments.of(run.get()[0], run.get()[1], seed)));
    }

    @ParameterizedTest
    @MethodSource("runs")
    @Tag("machine")
    @Tag("network")
    void theVerdictStays(String reproducer, String verdict, int seed) throws Exception {
        Preload calls = Preload.compile(folder, "short-calls");
        Ksplat ksplat = run(calls, Map.of("SHORT_CALLS_SEED", String.valueOf(seed)), reproducer);

        String said = ksplat.out() + ksplat.err();
        String counted = "ksplat " + counts(calls, 0) + "; QEMU " + counts(calls, QEMU);
        System.out.println("| " + reproducer + " | " + seed + " | " + ksplat.outcome(reproducer) + " | " + ksplat.exit()
                + " | " + counted + " |");
        assertThat(ksplat.outcome(reproducer)).as(said).isEqualTo(verdict);
        assertThat(ksplat.exit()).as(said).isZero();
        for (int count : List.of(READS, WRITES, INTERRUPTED, QEMU + READS, QEMU + WRITES)) {
            assertThat(calls.page().get(count)).as(counted).isPositive();
        }
        assertThat(ksplat.results().path("runs")).as("the report is whole").hasSize(1);
        assertThat(Files.readString(ksplat.report.resolve("index.html"))).contains("</html>");
        ksplat.assertNothingLeft();
    }

    /** Every call is short, and the last words of QEMU are there all the same. */
    @Test
    @Tag("machine")
    @Tag("network")
    void whatADyingQemuSaidIsWhole() throws Exception {
        Preload calls = Preload.compile(folder, "short-calls");
        String said = "no luck: " + "0123456789 ".repeat(50) + "the end";
        Path qemu = Files.writeString(folder.resolve("qemu"), """
                #!/bin/sh
                case " $* " in *" -chardev "*) echo '%s' >&2; exit 1 ;; esac
                exec qemu-system-x86_64 "$@"
                """.formatted(said));
        assertThat(qemu.toFile().setExecutable(true)).isTrue();

        Ksplat ksplat =
                run(calls, Map.of("SHORT_CALLS_ONE_IN", "1", "KSPLAT_QEMU", qemu.toString()), "nmi-cpumask-kptr");

        assertThat(ksplat.outcome("nmi-cpumask-kptr"))
                .as(ksplat.out() + ksplat.err())
                .isEqualTo("ERROR");
        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(calls.page().get(READS)).isPositive();
        assertThat(ksplat.onlyRun().path("message").asText()).contains(said);
        ksplat.assertNothingLeft();
    }

    private Ksplat run(Preload calls, Map<String, String> more, String reproducer) throws Exception {
        Map<String, String> environment = new HashMap<>(calls.environment("SHORT_CALLS"));
        environment.putAll(more);
        return Ksplat.under(folder, List.of(), environment, "run", reproducer);
    }

    private static String counts(Preload calls, int from) {
        return calls.page().get(from + READS) + " short reads, "
                + calls.page().get(from + WRITES) + " short writes, "
                + calls.page().get(from + INTERRUPTED)
                + " interrupted";
    }
}
