// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.ParserOptions;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.WriteFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a program in the guest prints, and how it ends. */
@Tag("machine")
@Timeout(240)
class ChildrenTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String LAST_LINE = " *** DEADLOCK ***";

    @TempDir
    static Path built;

    @TempDir
    Path folder;

    private final List<Evidence> found = new CopyOnWriteArrayList<>();
    private final ConsoleParser parser = new ConsoleParser(found::add, ParserOptions.DEFAULT.withFacility());

    @BeforeAll
    static void build() throws Exception {
        Process gcc = new ProcessBuilder(
                        "gcc",
                        "-static",
                        "-Wall",
                        "-o",
                        built.resolve("says").toString(),
                        "src/test/resources/guest/says.c")
                .inheritIO()
                .start();
        assertThat(gcc.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(gcc.exitValue()).isZero();
    }

    private Guest start(String kernel) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        Guest guest = machines.restore(folder);
        guest.writeProgram("/says", Files.readAllBytes(built.resolve("says")));
        guest.beginExperiment("children", parser::feed);
        return guest;
    }

    private static void await(Condition condition) throws IOException {
        Deadline deadline = Deadline.in(PATIENCE);
        while (!condition.holds()) {
            assertThat(deadline.expired()).isFalse();
            Poll.pause();
        }
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void awaitEnd(GuestProcess process) throws IOException {
        await(() -> !process.watch().failure().equals(Optional.of("it still runs")));
    }

    @Test
    @Tag("lockdep")
    void onlyTheKernelSpeaksOnTheConsoleOnABuiltKernel() throws Exception {
        onlyTheKernelSpeaksOnTheConsole(TestMachines.LOCKDEP);
    }

    @ParameterizedTest
    @ValueSource(strings = "debian:6.12")
    void onlyTheKernelSpeaksOnTheConsole(String kernel) throws Exception {
        try (Guest guest = start(kernel)) {
            for (String stream : List.of("stdout", "stderr")) {
                GuestProcess says = guest.spawn(0, folder.resolve("says"), "/says", stream);
                awaitEnd(says);
                assertThat(says.watch().failure()).isEmpty();
                assertThat(folder.resolve("says." + stream)).content().contains(LAST_LINE);
            }
            guest.writeFile("/dev/kmsg", "both are over\n");
            await(() -> Files.readString(folder.resolve("console.log")).contains("both are over"));
        }
        assertThat(folder.resolve("console.log")).content().doesNotContain(LAST_LINE);
        parser.close();
        assertThat(found).isEmpty();
        assertThat(parser.printedByUserSpace()).isEmpty();
    }

    @Test
    @Tag("lockdep")
    void recordsOfUserSpaceAreNoEvidenceOnABuiltKernel() throws Exception {
        recordsOfUserSpaceAreNoEvidence(TestMachines.LOCKDEP);
    }

    @ParameterizedTest
    @ValueSource(strings = "debian:6.12")
    void recordsOfUserSpaceAreNoEvidence(String kernel) throws Exception {
        try (Guest guest = start(kernel)) {
            awaitEnd(guest.spawn(0, folder.resolve("says"), "/says", "kmsg"));
            await(() -> Files.readString(folder.resolve("console.log")).contains(LAST_LINE));
            assertThat(guest.console().printsFacility()).isTrue();
        }
        parser.close();
        assertThat(found).isEmpty();
        assertThat(parser.printedByUserSpace()).containsExactly("possible deadlock in __bpf_ringbuf_reserve");
    }

    /** The same parser believes the kernel: a panic on purpose, drivers/tty/sysrq.c. */
    @Test
    void recordsOfTheKernelAreEvidence() throws Exception {
        try (Guest guest = start("debian:6.12")) {
            // No answer will come.
            guest.agent()
                    .send(Request.newBuilder()
                            .setWriteFile(WriteFile.newBuilder()
                                    .setPath("/proc/sysrq-trigger")
                                    .setData(ByteString.copyFromUtf8("c"))));
            await(() -> Files.readString(folder.resolve("console.log")).contains("end Kernel panic"));
        }
        parser.close();
        assertThat(found).isNotEmpty();
    }

    @Test
    void howAProgramEndsIsToldWithoutBeingAskedFor() throws Exception {
        try (Guest guest = start("debian:6.12")) {
            GuestProcess crashes = guest.spawn(0, "/says", "crash");
            GuestProcess fails = guest.spawn(1, "/says", "fail");
            GuestProcess failsAsItShould = guest.spawn(1, "/says", "fail").expectExit(3);
            GuestProcess mayCrash = guest.spawn(0, "/says", "crash").endsAnyhow();
            GuestProcess endsTooSoon = guest.spawn(0, "/says", "fail").runsUntilTheEnd();
            GuestProcess parked = guest.spawnParked(1);
            awaitEnd(crashes);
            awaitEnd(fails);
            awaitEnd(failsAsItShould);
            await(() -> endsTooSoon.watch().failure().isPresent());
            assertThat(crashes.watch().failure()).contains("it was killed by SIGSEGV");
            assertThat(fails.watch().failure()).contains("it exited with status 3");
            assertThat(failsAsItShould.watch().failure()).isEmpty();
            assertThat(mayCrash.watch().failure()).isEmpty();
            assertThat(endsTooSoon.watch().failure()).contains("it exited with status 3 before the end");
            assertThat(parked.watch().failure()).isEmpty();
            parked.exitAndReap();
            crashes.exitAndReap();
            assertThat(parked.watch().failure()).isEmpty();
            assertThat(crashes.watch().failure()).contains("it was killed by SIGSEGV");
            assertThatThrownBy(() -> guest.spawn(0, "/nowhere"))
                    .isInstanceOf(AgentException.class)
                    .hasMessageContaining("/nowhere");
        }
    }
}
