// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.symbols.DebugInfo;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.TestMachines;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** NMI sources on a real machine whose CPU 0 unlinks files without end. */
@Tag("machine")
@Timeout(120)
class NmiTest {
    private static final Duration SHORT = Duration.ofSeconds(2);

    @TempDir
    static Path folder;

    private static KernelInfo facts;
    private static Guest guest;
    private static long busy;

    @BeforeAll
    static void boot() throws Exception {
        TestMachines machines = new TestMachines();
        facts = machines.facts();
        guest = machines.boot(folder);
        busy = guest.spawnChurn(0).pid();
    }

    @AfterAll
    static void end() throws IOException {
        if (guest != null) {
            guest.close();
        }
    }

    private static Nmi nmi(KernelInfo kernel, Guest machine, NmiMode mode) throws IOException {
        return nmi(kernel, machine, mode, () -> false);
    }

    private static Nmi nmi(KernelInfo kernel, Guest machine, NmiMode mode, BooleanSupplier evident) throws IOException {
        Symbols symbols = kernel.symbolsAt(machine.kernel().text());
        return new Nmi(machine, kernel, symbols, mode, evident, Optional.empty());
    }

    private static Nmi nmi() throws IOException {
        return nmi(facts, guest, NmiMode.AS_WRITTEN);
    }

    @Test
    void landsWhereItWasAimedAndSaysWhomItInterrupted() throws IOException {
        Nmi nmi = nmi();
        Landing landing = nmi.aimAt("vfs_unlink").hit(3).fire().orElseThrow();
        assertThat(landing.cpu()).isZero();
        assertThat(landing.where()).isEqualTo("vfs_unlink+0x0");
        assertThat(landing.task())
                .hasValueSatisfying(task -> assertThat(task.pid()).isEqualTo((int) busy));
        assertThat(nmi.landings()).containsExactly(landing);
        assertThat(nmi.misses()).isEmpty();
    }

    /** Past the four bytes of endbr64 and the five of the hook for ftrace. */
    @Test
    void aimsAtAnInstructionInTheMiddleOfAFunction() throws IOException {
        assertThat(nmi().aimAt("vfs_unlink+0x9").fire().orElseThrow().where()).isEqualTo("vfs_unlink+0x9");
    }

    @Test
    void takesWhicheverComesFirst() throws IOException {
        assertThat(nmi().aimAt("no_such_function", "panic", "vfs_unlink")
                        .fire()
                        .orElseThrow()
                        .where())
                .isEqualTo("vfs_unlink+0x0");
    }

    @Test
    void waitsForTheConditionToHold() throws IOException {
        List<Long> seen = new ArrayList<>();
        Nmi nmi = nmi();
        assertThat(nmi.aimAt("vfs_unlink")
                        .when(cpu -> {
                            seen.add(cpu.word(cpu.perCpu("current_task")));
                            return seen.size() == 2;
                        })
                        .fire())
                .isPresent();
        assertThat(seen).hasSize(2).doesNotContain(0L);
        assertThat(seen.get(0)).isEqualTo(seen.get(1));

        assertThat(nmi.aimAt("vfs_unlink")
                        .when(cpu -> cpu.register(Register.RDI) == 1)
                        .within(SHORT)
                        .fire())
                .isEmpty();
        assertThat(nmi.misses()).singleElement().asString().contains("at which the condition did not hold");
    }

    @Test
    void landsOnlyWhereItWasCalledFrom() throws IOException {
        List<String> seen = new ArrayList<>();
        Nmi nmi = nmi();
        // dput() runs many times in each open, and once in each unlink.
        Landing landing = nmi.aimAt("dput")
                .calledFrom("do_unlinkat", "filename_unlinkat")
                .when(cpu -> {
                    seen.add("unlink");
                    return true;
                })
                .fire()
                .orElseThrow();
        assertThat(landing.where()).isEqualTo("dput+0x0");
        assertThat(seen).hasSize(1);
        assertThat(nmi.misses()).isEmpty();
    }

    @Test
    void landsInACallOfOneFunction() throws IOException {
        List<String> seen = new ArrayList<>();
        Nmi nmi = nmi();
        Landing landing = nmi.aimAt("dput")
                .inCallsOf("do_unlinkat", "filename_unlinkat")
                .when(cpu -> {
                    seen.add(Aim.where(nmi.symbols(), cpu.register(Register.RIP)));
                    return true;
                })
                .fire()
                .orElseThrow();
        assertThat(landing.where()).isEqualTo("dput+0x0");
        assertThat(seen).singleElement().asString().contains("unlinkat+0x");
        assertThat(nmi.misses()).isEmpty();

        assertThatThrownBy(() -> nmi.aimAt("vfs_unlink").inCallsOf("vfs_rename").fire())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("vfs_rename does not call vfs_unlink by a direct call in this kernel");
        assertThatThrownBy(() -> nmi.aimAt("vfs_unlink").inCallsOf("vfs_renamee"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("near: vfs_rename");
    }

    @Test
    void missesWhatAnotherOneCalls() throws IOException {
        Nmi nmi = nmi();
        assertThat(nmi.aimAt("vfs_unlink")
                        .calledFrom("vfs_rename")
                        .within(SHORT)
                        .fire())
                .isEmpty();
        assertThat(nmi.misses())
                .singleElement()
                .asString()
                .matches(".*vfs_unlink was not reached on CPU 0 \\(\\d+ not called from vfs_rename.*");
        assertThatThrownBy(() -> nmi.aimAt("vfs_unlink").calledFrom("vfs_renamee"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no function vfs_renamee that could call vfs_unlink; near: vfs_rename");
    }

    @Test
    void saysWhatItCannotAimAt() throws IOException {
        Nmi nmi = nmi();
        assertThatThrownBy(() -> nmi.aimAt("vfs_unlinkk"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("near: vfs_unlink");
        assertThatThrownBy(() -> nmi.aimAt("fs/namei.c:4500"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no DWARF");
        assertThatThrownBy(() -> nmi.aimAt("vfs_unlink").hit(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @Tag("full")
    void anNmiThatReachesAnotherCpuIsAMiss() throws Exception {
        Guest other = new TestMachines().boot(folder, "maxcpus=2");
        try (other) {
            other.spawnChurn(1);
            Nmi nmi = nmi(facts, other, NmiMode.AS_WRITTEN);
            assertThat(nmi.aimAt("vfs_unlink").on(1).fire()).isEmpty();
            assertThat(nmi.misses())
                    .singleElement()
                    .asString()
                    .contains("on CPU 1 did not reach that CPU, but CPU [0]");
            assertThat(nmi.asked()).isEqualTo(1);
            assertThat(nmi.landings()).isEmpty();
        }
    }

    @Test
    void reachesEveryCpuWhereTheGuestSaysSo() throws Exception {
        Guest all = new TestMachines().boot(folder, "apic_extnmi=all");
        try (all) {
            all.spawnChurn(1);
            assertThat(nmi(facts, all, NmiMode.AS_WRITTEN)
                            .aimAt("vfs_unlink")
                            .on(1)
                            .fire()
                            .orElseThrow()
                            .cpu())
                    .isEqualTo(1);
        }
    }

    @Test
    @Tag("full")
    void reachesNoCpuWhereTheGuestSaysSo() throws Exception {
        Guest none = new TestMachines().boot(folder, "apic_extnmi=none");
        try (none) {
            none.spawnChurn(0);
            Nmi nmi = nmi(facts, none, NmiMode.AS_WRITTEN);
            assertThat(nmi.aimAt("vfs_unlink").fire()).isEmpty();
            assertThat(nmi.misses()).singleElement().asString().contains("did not reach that CPU: the guest decides");
            assertThat(nmi.storm().forTime(Duration.ofMillis(200)).taken()).isZero();
        }
    }

    @Test
    void aStormIsCountedInTheGuest() throws IOException {
        Nmi nmi = nmi();
        Burst volley = nmi.storm().perSecond(50).jitter(0.5, 7).forTime(Duration.ofSeconds(1));
        // At least 10 ms from one to the next; a busy host sends fewer.
        assertThat(volley.sent()).isBetween(1L, 100L);
        assertThat(volley.taken()).isBetween(volley.required(), volley.sent());
        assertThat(volley.how()).isEqualTo("storm of 50/s, jitter 0.5, seed 7");
        assertThat(nmi.bursts()).containsExactly(volley);
    }

    @Test
    void aStormUntilEvidenceEndsWithTheNmiThatBroughtIt() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        Nmi nmi = nmi(facts, guest, NmiMode.AS_WRITTEN, () -> asked.incrementAndGet() == 5);
        assertThat(nmi.storm()
                        .perSecond(50)
                        .untilEvidence(Duration.ofSeconds(60))
                        .sent())
                .isEqualTo(5);

        assertThat(nmi().storm()
                        .perSecond(50)
                        .untilEvidence(Duration.ofSeconds(1))
                        .sent())
                .as("without evidence it takes all of its time")
                .isBetween(1L, 51L);
    }

    @Test
    void aStormUntilEvidenceEndsWithAGuestThatHandlesNoMore() throws Exception {
        try (Guest other = new TestMachines().boot(folder)) {
            other.vm().stop();
            Burst volley =
                    nmi(facts, other, NmiMode.AS_WRITTEN).storm().perSecond(50).untilEvidence(Duration.ofMinutes(10));
            // It did not take all of its time: the limit of this class is two minutes.
            assertThat(volley.taken()).isLessThan(volley.required());
        }
    }

    @Test
    void aStormThatIsSwitchedOffFailsItsControl() throws IOException {
        Burst volley = nmi(facts, guest, NmiMode.NONE).storm().perSecond(50).forTime(Duration.ofMillis(300));
        assertThat(volley.sent()).isZero();
        assertThat(volley.taken()).isLessThan(volley.required());
    }

    @Test
    void theKernelSendsNmisToItsOtherCpusWhenAsked() throws IOException {
        assertThat(nmi().sysrq()).isPositive();
        assertThat(nmi(facts, guest, NmiMode.NONE).sysrq()).isZero();
    }

    @Test
    @Tag("lockdep")
    void aimsAtASourceLineWhereTheKernelHasDwarf() throws Exception {
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        KernelInfo built = machines.facts();
        try (Guest machine = machines.boot(folder)) {
            machine.spawnChurn(0);
            Symbols symbols = built.symbolsAt(machine.kernel().text());
            long function = symbols.address("vfs_unlink").orElseThrow();
            DebugInfo.Place place = DebugInfo.of(built.kernel().debugVmlinux().orElseThrow(), symbols)
                    .places(machine.kernel().text(), List.of(function))
                    .get(function)
                    .get(0);
            String line = place.file() + ":" + place.line();
            assertThat(nmi(built, machine, NmiMode.AS_WRITTEN)
                            .aimAt(line)
                            .fire()
                            .orElseThrow()
                            .where())
                    .as(line)
                    .startsWith("vfs_unlink+0x");
            assertThatThrownBy(() -> nmi(built, machine, NmiMode.AS_WRITTEN).aimAt(place.file() + ":1"))
                    .hasMessageContaining("no code begins at");
        }
    }
}
