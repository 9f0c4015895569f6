// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.machine.Accelerator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class HangDetectorTest {
    private static final long MS = 1_000_000;
    private static final long TEXT = 0xffffffff81000000L;

    private final HangDetector detector = new HangDetector(HangThresholds.TCG);
    private long hostNs = 1_000_000 * MS;
    private long ranNs;
    private Diagnosis diagnosis = new Diagnosis(List.of(), List.of(), false);

    private static Sample.Cpu cpu(int cpu, long beats, String function, boolean interruptsEnabled, OptionalLong ranNs) {
        return new Sample.Cpu(cpu, beats, TEXT, interruptsEnabled, Optional.of(function), ranNs);
    }

    /** The next sample, after {@code gapMs} of which the vCPUs ran {@code ranMs}. */
    private void after(long gapMs, long ranMs) {
        hostNs += gapMs * MS;
        ranNs += ranMs * MS;
    }

    private void see(Sample.Cpu... seen) {
        diagnosis = detector.observe(new Sample(hostNs, List.of(seen)));
    }

    private Sample.Cpu masked(int cpu, long beats, String function) {
        return cpu(cpu, beats, function, false, OptionalLong.of(ranNs));
    }

    private Sample.Cpu open(int cpu, long beats, String function) {
        return cpu(cpu, beats, function, true, OptionalLong.of(ranNs));
    }

    @Test
    void callsACpuThatSpinsWithInterruptsDisabledAndSaysSinceWhenAndWhere() {
        see(masked(0, 7, "call_rcu"), open(1, 1, "vfs_read"));
        long since = hostNs;
        for (int i = 0; i < 8; i++) {
            after(100, 100);
            see(
                    masked(0, 7, i % 3 == 0 ? "_raw_spin_lock" : "native_queued_spin_lock_slowpath"),
                    open(1, 2 + i, "vfs_read"));
        }
        assertThat(diagnosis.causes()).singleElement().satisfies(stuck -> {
            assertThat(stuck.cpu()).isZero();
            assertThat(stuck.sinceNs()).isEqualTo(since);
            assertThat(stuck.ranNs()).isEqualTo(800 * MS);
            assertThat(stuck.interruptsDisabled()).isTrue();
            assertThat(stuck.functions())
                    .containsExactlyInAnyOrder("_raw_spin_lock", "native_queued_spin_lock_slowpath");
        });
        assertThat(diagnosis.isStuck()).isTrue();
        assertThat(diagnosis.panicked()).isFalse();
    }

    @Test
    void doesNotCallBeforeItsPatienceEnds() {
        see(masked(0, 7, "slowpath"));
        for (int i = 0; i < 6; i++) {
            after(100, 100);
            see(masked(0, 7, "slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        after(100, 100);
        see(masked(0, 7, "slowpath"));
        assertThat(diagnosis.isStuck()).isTrue();
    }

    @Test
    void aSingleSampleProvesNothingHoweverLongTheCpuRan() {
        see(masked(0, 7, "slowpath"));
        for (int i = 0; i < 4; i++) {
            after(60_000, 60_000);
            see(masked(0, 7, "slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        after(1, 1);
        see(masked(0, 7, "slowpath"));
        assertThat(diagnosis.isStuck()).as("the fifth").isTrue();
    }

    @Test
    void neverCallsACpuThatBeats() {
        for (int i = 0; i < 200; i++) {
            after(100, 100);
            see(masked(0, i / 5, "slowpath"), open(1, i / 5, "slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
    }

    @Test
    void neverCallsACpuThatRunsThroughManyFunctions() {
        for (int i = 0; i < 200; i++) {
            after(100, 100);
            see(masked(0, 7, "function" + i % 5));
            assertThat(diagnosis.isStuck()).isFalse();
        }
    }

    /** A lock's slow path, and what it calls. */
    @Test
    void callsACpuThatRunsThroughFew() {
        for (int i = 0; i < 8; i++) {
            see(masked(0, 7, "function" + i % 4));
            after(100, 100);
        }
        assertThat(diagnosis.isStuck()).isTrue();
    }

    @Test
    void neverCallsACpuWhoseHostDoesNotRunIt() {
        for (int i = 0; i < 200; i++) {
            after(1000, 1);
            see(masked(0, 7, "slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
    }

    @Test
    void countsLittleOfALongGapWhereTheRunTimeIsNotKnown() {
        see(cpu(0, 7, "slowpath", false, OptionalLong.empty()));
        for (int i = 0; i < 13; i++) {
            after(3_600_000, 0);
            see(cpu(0, 7, "slowpath", false, OptionalLong.empty()));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        after(3_600_000, 0);
        see(cpu(0, 7, "slowpath", false, OptionalLong.empty()));
        assertThat(diagnosis.isStuck()).as("14 gaps of 50 ms").isTrue();
    }

    @Test
    void countsAllOfAShortGapWhereTheRunTimeIsNotKnown() {
        see(cpu(0, 7, "slowpath", false, OptionalLong.empty()));
        for (int i = 0; i < 69; i++) {
            after(10, 0);
            see(cpu(0, 7, "slowpath", false, OptionalLong.empty()));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        after(10, 0);
        see(cpu(0, 7, "slowpath", false, OptionalLong.empty()));
        assertThat(diagnosis.isStuck()).as("70 gaps of 10 ms").isTrue();
    }

    @Test
    void waitsLongerWhereInterruptsAreEnabledAndLeavesTheirHandlersOut() {
        see(open(0, 7, "_raw_spin_lock"));
        long since = hostNs;
        for (int i = 0; i < 20; i++) {
            after(100, 100);
            see(i % 2 == 0 ? masked(0, 7, "handler" + i) : open(0, 7, "slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        after(100, 100);
        see(open(0, 7, "slowpath"));
        assertThat(diagnosis.causes()).singleElement().satisfies(stuck -> {
            assertThat(stuck.interruptsDisabled()).isFalse();
            assertThat(stuck.sinceNs()).isEqualTo(since);
            assertThat(stuck.functions()).containsExactly("slowpath");
        });
    }

    @Test
    void oneSampleWithInterruptsEnabledStartsTheMaskedTimeAnew() {
        see(masked(0, 7, "slowpath"));
        for (int i = 0; i < 18; i++) {
            after(100, 100);
            see(i % 6 == 5 ? open(0, 7, "slowpath") : masked(0, 7, "slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
    }

    @Test
    void anIdleCpuIsNotStuck() {
        for (int i = 0; i < 100; i++) {
            after(100, 100);
            see(open(0, 7, "pv_native_safe_halt"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
    }

    @Test
    void aCpuInUserCodeIsNotStuck() {
        for (int i = 0; i < 100; i++) {
            after(100, 100);
            see(new Sample.Cpu(0, 7, 0x401000, true, Optional.empty(), OptionalLong.of(ranNs)));
            assertThat(diagnosis.isStuck()).isFalse();
        }
    }

    @Test
    void tellsTheVictimFromTheCause() {
        for (int i = 0; i < 12; i++) {
            after(100, 100);
            see(masked(0, 7, "slowpath"), masked(1, 3, i == 5 ? "nmi_trigger_cpumask_backtrace" : "delay_tsc"));
        }
        assertThat(diagnosis.causes()).extracting(Diagnosis.Stuck::cpu).containsExactly(0);
        assertThat(diagnosis.victims()).extracting(Diagnosis.Stuck::cpu).containsExactly(1);
    }

    @Test
    void aCpuThatOnlyDelaysProvesNothing() {
        for (int i = 0; i < 100; i++) {
            after(100, 100);
            see(masked(0, 7, "delay_tsc"), open(1, i, "vfs_read"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        assertThat(diagnosis.victims()).extracting(Diagnosis.Stuck::cpu).containsExactly(0);
    }

    /** The console waits between two lines of the report that the CPU writes before it takes the lock. */
    @Test
    void aDelayThatIsOverMakesNoVictimOfACpuThatSpins() {
        see(masked(0, 7, "io_serial_in"));
        after(100, 100);
        see(masked(0, 7, "delay_tsc"));
        for (int i = 0; i < 7; i++) {
            after(100, 100);
            see(masked(0, 7, "queued_spin_lock_slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        after(100, 100);
        see(masked(0, 7, "queued_spin_lock_slowpath"));
        assertThat(diagnosis.causes()).extracting(Diagnosis.Stuck::cpu).containsExactly(0);
        assertThat(diagnosis.victims()).isEmpty();
    }

    @Test
    void cpusThatAllWaitForEachOtherAreTheCause() {
        for (int i = 0; i < 12; i++) {
            after(100, 100);
            see(masked(0, 7, "smp_call_function_many_cond"), masked(1, 3, "smp_call_function_single"));
        }
        assertThat(diagnosis.causes()).extracting(Diagnosis.Stuck::cpu).containsExactly(0, 1);
    }

    @Test
    void aSingleCpuThatWaitsForAnotherOneProvesNothing() {
        for (int i = 0; i < 12; i++) {
            after(100, 100);
            see(masked(0, 7, "smp_call_function_single"));
        }
        assertThat(diagnosis.isStuck()).isFalse();
        assertThat(diagnosis.victims()).extracting(Diagnosis.Stuck::cpu).containsExactly(0);
    }

    @Test
    void aPanickedMachineHasEndedAndIsNotStuck() {
        for (int i = 0; i < 100; i++) {
            after(100, 100);
            see(open(0, 7, i % 10 == 3 ? "panic" : "delay_tsc"), masked(1, 3, "stop_this_cpu"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        assertThat(diagnosis.panicked()).isTrue();
    }

    @Test
    void aPanicIsToldByTheStoppedCpusWhereItsOwnLoopIsNeverSeen() {
        for (int i = 0; i < 6; i++) {
            after(100, 100);
            see(masked(0, 7, "stop_this_cpu"), open(1, 3, "delay_tsc"));
            assertThat(diagnosis.panicked()).isEqualTo(i >= 5);
        }
        see(masked(0, 7, "stop_this_cpu"), open(1, 3, "vfs_read"));
        assertThat(diagnosis.panicked()).isFalse();
    }

    /** A single CPU stops no other. */
    @Test
    void aPanicIsKnownByItsLoopUntilTheCpuLivesAgain() {
        for (int i = 0; i < 8; i++) {
            after(100, 100);
            see(open(0, 7, i == 1 ? "panic" : "delay_tsc"));
            assertThat(diagnosis.panicked()).isEqualTo(i >= 5);
        }
        for (int i = 0; i < 8; i++) {
            after(100, 100);
            see(open(0, 8, "delay_tsc"));
            assertThat(diagnosis.panicked()).isFalse();
        }
    }

    @Test
    void aDelayAloneIsNoPanic() {
        for (int i = 0; i < 20; i++) {
            after(100, 100);
            see(open(0, 7, "delay_tsc"), open(1, 3, "delay_tsc"));
        }
        assertThat(diagnosis.panicked()).isFalse();
        assertThat(diagnosis.isStuck()).isFalse();
    }

    @Test
    void aMachineWhereOneCpuLivesOnHasNotPanicked() {
        for (int i = 0; i < 10; i++) {
            after(100, 100);
            see(open(0, 7, "panic"), open(1, i, "vfs_read"));
        }
        assertThat(diagnosis.panicked()).isFalse();
    }

    @Test
    void aCpuThatComesBackIsStuckNoLonger() {
        see(masked(0, 7, "slowpath"));
        for (int i = 0; i < 10; i++) {
            after(100, 100);
            see(masked(0, 7, "slowpath"));
        }
        assertThat(diagnosis.isStuck()).isTrue();
        see(masked(0, 8, "slowpath"));
        assertThat(diagnosis.isStuck()).isFalse();
        for (int i = 0; i < 6; i++) {
            after(100, 100);
            see(masked(0, 8, "slowpath"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
    }

    @Test
    void patienceScalesAndRefusesNonsense() {
        assertThat(HangThresholds.TCG.scaledBy(0.5)).isEqualTo(new HangThresholds(350 * MS, 1050 * MS, 50 * MS, 5, 4));
        assertThatThrownBy(() -> new HangThresholds(0, 1, 1, 2, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new HangThresholds(2, 1, 1, 2, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new HangThresholds(1, 1, 1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aHostCpuNeedsLessPatienceThanAnEmulatedOne() {
        assertThat(HangThresholds.under(Accelerator.TCG)).isEqualTo(HangThresholds.TCG);
        assertThat(HangThresholds.under(Accelerator.KVM)).isEqualTo(HangThresholds.KVM);
    }

    private Sample.Cpu spinning(int cpu, long beats, Long... registers) {
        return new Sample.Cpu(
                cpu, beats, TEXT, false, Optional.of("slowpath"), OptionalLong.of(ranNs), List.of(registers));
    }

    @Test
    void callsACpuSoonerWhoseRegistersStandStillWhileTheOthersLive() {
        see(spinning(0, 7, 1L, 2L), open(1, 0, "vfs_read"));
        for (int i = 1; i <= 6; i++) {
            after(10, 10);
            see(spinning(0, 7, 1L, 2L + i % 3), open(1, i, "vfs_read"));
            assertThat(diagnosis.isStuck()).as("after " + 10 * i + " ms").isFalse();
        }
        after(10, 10);
        see(spinning(0, 7, 1L, 2L), open(1, 7, "vfs_read"));
        assertThat(diagnosis.causes()).extracting(Diagnosis.Stuck::cpu).containsExactly(0);
    }

    /** CPUs that a panic stops stand still as well: they must be known as such before. */
    @Test
    void registersThatStandStillInFewSamplesProveNothing() {
        see(spinning(0, 7, 1L), open(1, 0, "vfs_read"));
        for (int i = 1; i <= 5; i++) {
            after(20, 20);
            see(spinning(0, 7, 1L), open(1, i, "vfs_read"));
            assertThat(diagnosis.isStuck()).isFalse();
        }
        after(20, 20);
        see(spinning(0, 7, 1L), open(1, 6, "vfs_read"));
        assertThat(diagnosis.isStuck()).isTrue();
    }

    @Test
    void registersMayStandStillOnlyInTheEnd() {
        for (int i = 0; i <= 20; i++) {
            see(spinning(0, 7, (long) i), open(1, i, "vfs_read"));
            after(10, 10);
        }
        assertThat(diagnosis.isStuck()).isFalse();
        for (int i = 21; i <= 29; i++) {
            see(spinning(0, 7, 20L), open(1, i, "vfs_read"));
            after(10, 10);
        }
        assertThat(diagnosis.isStuck()).isTrue();
    }

    @Test
    void theOthersMustHaveLivedAsOftenAsACpuMustBeSeen() {
        for (int i = 0; i < 10; i++) {
            see(spinning(0, 7, 1L), open(1, Math.min(i, 4), "vfs_read"));
            assertThat(diagnosis.isStuck()).isFalse();
            after(10, 10);
        }
        see(spinning(0, 7, 1L), open(1, 5, "vfs_read"));
        assertThat(diagnosis.isStuck()).as("the fifth sign of life").isTrue();
    }

    @Test
    void aCpuThatCountsInARegisterGetsAllOfItsPatience() {
        for (int i = 0; i < 70; i++) {
            see(spinning(0, 7, (long) i), open(1, i, "vfs_read"));
            assertThat(diagnosis.isStuck()).isFalse();
            after(10, 10);
        }
        see(spinning(0, 7, 70L), open(1, 70, "vfs_read"));
        assertThat(diagnosis.isStuck()).isTrue();
    }

    @Test
    void aCpuThatMayWaitForASlowOneGetsAllOfItsPatience() {
        for (int i = 0; i < 70; i++) {
            // The other one lives at first, and may have taken the lock since: it shows nothing any more.
            see(spinning(0, 7, 1L), open(1, Math.min(i, 3), "vfs_read"));
            assertThat(diagnosis.isStuck()).isFalse();
            after(10, 10);
        }
        see(spinning(0, 7, 1L), open(1, 3, "vfs_read"));
        assertThat(diagnosis.isStuck()).isTrue();
    }

    @Test
    void whatTheOthersDidBeforeDoesNotCount() {
        for (int i = 0; i < 100; i++) {
            see(spinning(0, i, 1L), open(1, i, "vfs_read"));
            after(10, 10);
        }
        for (int i = 0; i < 60; i++) {
            see(spinning(0, 99, 1L), open(1, 99, "vfs_read"));
            assertThat(diagnosis.isStuck()).isFalse();
            after(10, 10);
        }
    }

    @Test
    void callsTwoThatStandStillTogether() {
        for (int i = 0; i < 15; i++) {
            see(spinning(0, 7, 1L), spinning(1, 9, 2L));
            after(10, 10);
        }
        assertThat(diagnosis.causes()).extracting(Diagnosis.Stuck::cpu).containsExactly(0, 1);
    }

    @Test
    void registersThatStandStillProveNothingOfACpuThatItsHostDoesNotRun() {
        for (int i = 0; i < 300; i++) {
            see(spinning(0, 7, 1L), open(1, i, "vfs_read"));
            assertThat(diagnosis.isStuck()).isFalse();
            after(1000, i % 100 == 0 ? 1 : 0);
        }
    }

    @Test
    void aMachineThatHasPanickedIsNotCalledSooner() {
        for (int i = 0; i < 50; i++) {
            see(
                    new Sample.Cpu(0, 7, TEXT, false, Optional.of("vpanic"), OptionalLong.of(ranNs), List.of(1L)),
                    new Sample.Cpu(1, 7, TEXT, false, Optional.of("native_halt"), OptionalLong.of(ranNs), List.of(2L)));
            assertThat(diagnosis.isStuck()).isFalse();
            after(40, 40);
        }
        assertThat(diagnosis.panicked()).isTrue();
    }

    @Test
    void tellsForHowLongACpuRanWithoutASignOfLifeHoweverManyFunctionsItRan() {
        see(masked(0, 7, "function"));
        for (int i = 0; i < 100; i++) {
            after(100, 100);
            see(masked(0, 7, "function" + i));
        }
        assertThat(diagnosis.isStuck()).isFalse();
        assertThat(diagnosis.silentNs()).isEqualTo(10_000 * MS);
        after(1000, 0);
        see(masked(0, 7, "function"));
        assertThat(diagnosis.silentNs()).as("a vCPU that did not run").isEqualTo(10_000 * MS);
        see(masked(0, 8, "function"));
        assertThat(diagnosis.lives()).containsExactly(new Diagnosis.Life(0, 1, 0, 96));
    }

    private static final String SLOWPATH = "native_queued_spin_lock_slowpath";

    private long elsewhere() {
        return diagnosis.lives().get(0).elsewhere();
    }

    @Test
    void tellsACpuThatOnlyWaitsFromOneThatGetsTheLockNowAndThen() {
        for (int i = 0; i < 10; i++) {
            after(10, 10);
            see(masked(0, 7, SLOWPATH));
        }
        assertThat(elsewhere()).isZero();
        after(10, 10);
        see(masked(0, 7, "bpf_prog"));
        after(10, 10);
        see(masked(0, 7, SLOWPATH));
        assertThat(elsewhere()).isEqualTo(1);
    }

    @Test
    void theHandlersOfInterruptsDoNotCountAsOtherCodeOfACpuThatWaitsWithInterruptsEnabled() {
        for (int i = 0; i < 20; i++) {
            after(10, 10);
            see(i % 3 == 0 ? masked(0, 7, "tick_handler") : open(0, 7, SLOWPATH));
        }
        assertThat(elsewhere()).isZero();
        after(10, 10);
        see(open(0, 7, "vfs_read"));
        assertThat(elsewhere()).isEqualTo(1);
    }
}
