// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.TestMachines;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real machines that live, however slowly: none is ever called stuck. */
@Tag("machine")
@Timeout(180)
class HangWatchTest {
    private static final Duration LONG = Duration.ofSeconds(4);

    @TempDir
    static Path folder;

    private static TestMachines machines;
    private static Symbols symbols;
    private static Guest guest;

    @BeforeAll
    static void boot() throws Exception {
        machines = new TestMachines();
        symbols = machines.facts().symbols();
        guest = machines.boot(folder);
    }

    @AfterAll
    static void end() throws IOException {
        if (guest != null) {
            guest.close();
        }
    }

    private static void neverStuck(Duration time) throws IOException {
        HangWatch watch = new HangWatch(guest, symbols);
        int samples = 0;
        for (Deadline deadline = Deadline.in(time); !deadline.expired(); Poll.pause()) {
            Diagnosis diagnosis = watch.sample();
            assertThat(diagnosis.causes()).isEmpty();
            assertThat(diagnosis.victims()).isEmpty();
            assertThat(diagnosis.panicked()).isFalse();
            samples++;
        }
        assertThat(samples).isGreaterThan(5);
    }

    /** Something that happens to QEMU meanwhile. */
    @FunctionalInterface
    private interface Ordeal {
        void on(long pid) throws IOException, InterruptedException;
    }

    private static void neverStuckWhile(Ordeal ordeal) throws Exception {
        long pid = TestMachines.pid(guest.vm());
        Throwable[] failure = new Throwable[1];
        Thread thread = new Thread(() -> {
            try {
                ordeal.on(pid);
            } catch (IOException | InterruptedException | AssertionError e) {
                failure[0] = e;
            }
        });
        thread.start();
        try {
            neverStuck(LONG);
        } finally {
            thread.join();
            TestMachines.signal(pid, "CONT");
        }
        assertThat(failure[0]).isNull();
    }

    @Test
    void anIdleMachineIsNotStuck() throws IOException {
        neverStuck(LONG);
    }

    @Test
    void aMachineWhoseQemuIsStoppedIsNotStuck() throws Exception {
        neverStuckWhile(pid -> {
            Thread.sleep(500);
            TestMachines.signal(pid, "STOP");
            Thread.sleep(3000);
            TestMachines.signal(pid, "CONT");
        });
    }

    @Test
    void aSlowMachineIsNotStuck() throws Exception {
        neverStuckWhile(pid -> {
            for (int i = 0; i < 30; i++) {
                TestMachines.signal(pid, "STOP");
                Thread.sleep(90);
                TestMachines.signal(pid, "CONT");
                Thread.sleep(10);
            }
        });
    }

    @Test
    void aMachineThatIsBusyInUserCodeOnEveryCpuIsNotStuck() throws IOException {
        String spinner = TestMachines.spinner(guest);
        GuestProcess one = guest.spawn(0, spinner);
        GuestProcess other = guest.spawn(1, spinner);
        try {
            neverStuck(LONG);
        } finally {
            one.exitAndReap();
            other.exitAndReap();
        }
    }

    @Test
    void aMachineThatIsBusyInTheKernelOnEveryCpuIsNotStuck() throws IOException {
        GuestProcess one = guest.spawnChurn(0);
        GuestProcess other = guest.spawnChurn(1);
        try {
            neverStuck(LONG);
        } finally {
            one.exitAndReap();
            other.exitAndReap();
        }
    }

    @Test
    @Tag("full")
    void aCpuThatWasNeverBroughtUpIsNotWatched() throws Exception {
        try (Guest half = machines.boot(folder, "maxcpus=1")) {
            assertThat(half.heartbeats().cpus()).isEqualTo(1);
            HangWatch watch = new HangWatch(half, symbols);
            for (int i = 0; i < 50; i++) {
                assertThat(watch.sample().isStuck()).isFalse();
                Poll.pause();
            }
        }
    }
}
