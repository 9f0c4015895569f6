// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.VerifierException;
import io.ksplat.engine.ScriptedTarget.Fault;
import io.ksplat.engine.internal.SharedMachine;
import io.ksplat.engine.internal.TrialScenario;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.MachineException;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole run, to each verdict and through a failure at every step, on a target that is told what to do. */
class RunTest {
    private static final String WARNING = """
            [    1.000000] ------------[ cut here ]------------
            [    1.000000] WARNING: CPU: 0 PID: 1 at kernel/rcu/tree.c:100 call_rcu+0x1/0x2
            [    1.000000] CPU: 0 PID: 1 Comm: init Not tainted 7.2.0 #1
            [    1.000000] RIP: 0010:call_rcu+0x1/0x2
            [    1.000000] Call Trace:
            [    1.000000]  do_syscall_64+0x1/0x2
            [    1.000000] ---[ end trace 0000000000000000 ]---
            """;

    private static final String HUNG = """
            [    1.000000] INFO: task uffd:70 blocked for more than SECONDS seconds.
            [    1.000000]       Not tainted 7.2.0 #1
            [    1.000000] task:uffd            state:D stack:0     pid:70    tgid:69    ppid:1      flags:0x00000002
            [    1.000000] Call Trace:
            [    1.000000]  <TASK>
            [    1.000000]  __schedule+0x1/0x2
            [    1.000000]  schedule+0x1/0x2
            [    1.000000]  rwsem_down_write_slowpath+0x1/0x2
            [    1.000000]  down_write+0x1/0x2
            [    1.000000]  generic_file_write_iter+0x1/0x2
            [    1.000000]  vfs_write+0x1/0x2
            [    1.000000]  do_syscall_64+0x1/0x2
            [    1.000000]  </TASK>
            """;

    @TempDir
    Path folder;

    private ScriptedTargets targets;
    private Session session;

    @BeforeEach
    void open() {
        targets = new ScriptedTargets(folder);
        session = new Session(
                new SessionOptions(
                        new Cache(folder.resolve("cache")),
                        Progress.NONE,
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                targets);
    }

    @AfterEach
    void close() {
        session.close();
        assertThat(targets.started()).as("targets that were left running").allMatch(ScriptedTarget::isClosed);
    }

    /** What a scenario's code does. */
    @FunctionalInterface
    private interface Code {
        void run(Machine machine) throws Throwable;
    }

    /** A scenario of one piece of code, whose own return is its control. */
    private record Coded(KernelNeeds needs, Optional<BpfSource> bpf, Code before, Code code) implements Scenario {
        @Override
        public String id() {
            return "coded";
        }

        @Override
        public Expectation expectedOn(String release) {
            return Expectation.of(Verdict.CLEAN);
        }

        @Override
        public boolean asserts() {
            return true;
        }

        @Override
        public void beforeSnapshot(Machine machine) throws Throwable {
            before.run(machine);
        }

        @Override
        public void run(Machine machine) throws Throwable {
            code.run(machine);
        }
    }

    private static Coded coded(Code code) {
        return new Coded(KernelNeeds.NONE, Optional.empty(), machine -> {}, code);
    }

    private static Coded loading(Code code) {
        return new Coded(
                KernelNeeds.NONE, Optional.of(new BpfSource(RunTest.class, "scripted.bpf.c")), machine -> {}, code);
    }

    private RunRecord run(Scenario scenario) throws IOException, InterruptedException {
        return concluded(scenario).record();
    }

    private Conclusion concluded(Scenario scenario) throws IOException, InterruptedException {
        RunSettings settings = RunSettings.of("debian:7.2").reportedIn(folder.resolve("report"));
        return session.run(settings, scenario).execute();
    }

    private RunRecord run(Fault... faults) throws IOException, InterruptedException {
        targets.with(faults);
        return run(coded(machine -> {}));
    }

    private void assertError(RunRecord record, String message) {
        assertThat(record.verdict()).isEqualTo(Verdict.ERROR);
        assertThat(record.message().orElseThrow()).contains(message);
    }

    /** A journal must have it before the target that may die of it. */
    @Test
    void targetsLearnOfARunBeforeItBeginsAndAfterItsEnd() throws Exception {
        assertThat(run(coded(machine -> {
                            assertThat(targets.told()).hasSize(2);
                        }))
                        .verdict())
                .isEqualTo(Verdict.CLEAN);
        assertThat(targets.told())
                .containsExactly("begins coded on 7.2.0-scripted", "started", "ended coded on 7.2.0-scripted");
    }

    @Test
    void eachRunOnASharedMachineIsToldOf() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            for (int i = 0; i < 2; i++) {
                session.run(
                                RunSettings.of("debian:7.2").reportedIn(folder.resolve("report")),
                                coded(machine -> Files.writeString(
                                        targets.last().console().file(), "")),
                                Optional.of(shared))
                        .execute();
            }
            assertThat(targets.told())
                    .containsExactly(
                            "begins coded on 7.2.0-scripted",
                            "started",
                            "ended, and its target lives, coded on 7.2.0-scripted",
                            "begins coded on 7.2.0-scripted",
                            "ended, and its target lives, coded on 7.2.0-scripted");
        }
    }

    /** One of the scenarios that have a machine one after another. */
    private record Trial(String id, Optional<BpfSource> bpf, Code code) implements TrialScenario {
        Trial(String id, Code code) {
            this(id, Optional.empty(), code);
        }

        @Override
        public KernelNeeds needs() {
            return KernelNeeds.NONE;
        }

        @Override
        public Expectation expectedOn(String version) {
            return Expectation.of(Verdict.CLEAN);
        }

        @Override
        public boolean asserts() {
            return true;
        }

        @Override
        public Optional<String> mismatch(VerifierException refusal) {
            return Optional.empty();
        }

        @Override
        public void run(Machine machine) throws Throwable {
            code.run(machine);
        }
    }

    private RunRecord share(SharedMachine shared, Scenario scenario) throws IOException, InterruptedException {
        RunSettings settings = RunSettings.of("debian:7.2").reportedIn(folder.resolve("report"));
        return session.run(settings, scenario, Optional.of(shared)).execute().record();
    }

    /** Runs a case after one that is CLEAN, on its machine. */
    private RunRecord second(Code code) throws IOException, InterruptedException {
        try (SharedMachine shared = new SharedMachine()) {
            assertThat(share(shared, new Trial("first", machine -> {})).verdict())
                    .isEqualTo(Verdict.CLEAN);
            RunRecord record = share(shared, new Trial("second", code));
            assertThat(targets.started().size())
                    .as("the machine, and one alone")
                    .isGreaterThan(1);
            return record;
        }
    }

    private boolean isAlone() {
        return targets.started().size() > 1;
    }

    @Test
    void whatIsWrongAmongOthersAndRightAloneIsRight() throws Exception {
        RunRecord record = second(machine -> assertThat(isAlone()).isTrue());
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CLEAN);
        assertThat(record.notes()).anyMatch(note -> note.startsWith("repeated alone"));
    }

    /** A kernel that was stuck was stuck, whichever case it was. */
    @Test
    void aDeadlockThatIsNotSeenAloneStaysOne() throws Exception {
        RunRecord record = second(machine -> {
            if (!isAlone()) {
                targets.last().fail(Fault.STUCK);
            }
        });
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.DEADLOCK);
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.CPU_STUCK);
        assertThat(record.asExpected()).isFalse();
        assertThat(record.notes())
                .anyMatch(note -> note.startsWith("repeated alone")
                        && note.endsWith("it was CLEAN: a case before it on its machine may have caused this"));
    }

    @Test
    void aDeadlockThatIsSeenAloneIsThatOne() throws Exception {
        RunRecord record = second(machine -> targets.last().fail(Fault.STUCK));
        assertThat(record.verdict()).isEqualTo(Verdict.DEADLOCK);
        assertThat(record.notes())
                .anyMatch(note -> note.contains("with others' traces in its machine it was DEADLOCK"));
    }

    @Test
    void aCrashAmongOthersThatIsNotSeenAgainIsNotClean() throws Exception {
        RunRecord record = second(machine -> {
            if (!isAlone()) {
                targets.last().print(WARNING);
            }
        });
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.message().orElseThrow()).contains("did not show again");
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.WARNING);
        assertThat(record.asExpected()).isFalse();
        assertThat(record.notes()).contains("a case before it on its machine may have caused this");
    }

    /** A machine that was booted badly looks like a crash, also if a case has it for itself. */
    @Test
    void aCrashAloneIsConfirmed() throws Exception {
        RunRecord record = second(machine -> {
            assertThat(isAlone()).isTrue();
            if (targets.started().size() == 2) {
                targets.last().print(WARNING);
            }
        });
        assertThat(targets.started()).hasSize(3);
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.message().orElseThrow()).contains("did not show again");
        assertThat(folder.resolve("report/second/7.2.0-scripted/1/alone/confirmation"))
                .isDirectory();
    }

    @Test
    void aCrashAloneThatIsSeenAgainIsOne() throws Exception {
        RunRecord record = second(machine -> {
            assertThat(isAlone()).isTrue();
            targets.last().print(WARNING);
        });
        assertThat(targets.started()).hasSize(3);
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CRASH);
        assertThat(record.notes())
                .anyMatch(note -> note.startsWith("seen again on a freshly booted machine"))
                .anyMatch(note -> note.startsWith("repeated alone"));
    }

    private void assertReported(RunRecord record, String message) {
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.message()).contains(message);
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.WARNING);
        assertThat(record.asExpected()).isFalse();
    }

    @Test
    void whatIsReportedBetweenTwoIsReportedByTheSecond() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            assertThat(share(shared, new Trial("first", machine -> {})).verdict())
                    .isEqualTo(Verdict.CLEAN);
            targets.last().print(WARNING);
            assertReported(
                    share(shared, coded(machine -> {
                        throw new AssertionError("it must not run there");
                    })),
                    "reported on its machine before it began, after another run: WARNING in call_rcu");
            assertThat(share(shared, coded(machine -> {})).verdict()).isEqualTo(Verdict.CLEAN);
            assertThat(targets.started()).as("the machine is not handed on").hasSize(2);
        }
    }

    @Test
    void whatIsReportedBetweenTwoIsNotTakenBackAlone() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            assertThat(share(shared, new Trial("first", machine -> {})).verdict())
                    .isEqualTo(Verdict.CLEAN);
            targets.last().print(WARNING);
            RunRecord record = share(shared, new Trial("second", machine -> {}));
            assertReported(record, "reported on its machine before it began, after another run: WARNING in call_rcu");
            assertThat(record.notes()).anyMatch(note -> note.startsWith("repeated alone") && note.contains("CLEAN"));
        }
    }

    @Test
    void whatIsReportedBetweenTwoIsToldAlsoIfTheMachineIsGoneThen() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            assertThat(share(shared, new Trial("first", machine -> {})).verdict())
                    .isEqualTo(Verdict.CLEAN);
            targets.last().print(WARNING);
            targets.last().fail(Fault.NO_CONSOLE);
            assertReported(
                    share(shared, coded(machine -> {})),
                    "reported on its machine before it began, after another run: WARNING in call_rcu");
        }
    }

    private static Trial loadingTrial(Code code) {
        return new Trial("first", Optional.of(new BpfSource(RunTest.class, "scripted.bpf.c")), code);
    }

    @Test
    void whatIsReportedWhileItsProgramsAreUnloadedIsItsOwn() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            assertReported(
                    share(shared, loadingTrial(machine -> targets.last().printAtUnload(WARNING))),
                    "reported after its last look, while what it had loaded was taken out: WARNING in call_rcu");
            assertThat(share(shared, new Trial("second", machine -> {})).verdict())
                    .isEqualTo(Verdict.CLEAN);
            assertThat(targets.started()).as("the machine is not handed on").hasSize(2);
        }
    }

    @Test
    void aMachineThatIsNotClearedIsNotHandedOn() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            RunRecord record =
                    share(shared, loadingTrial(machine -> targets.last().fail(Fault.LOSES_AGENT)));
            assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CLEAN);
            assertThat(record.notes())
                    .contains("what it had loaded could not be taken out of its machine: the agent is gone");
            assertThat(targets.last().isClosed()).isTrue();
        }
    }

    /** An oops in the unloading takes the agent along. */
    @Test
    void whatIsReportedWhileItsProgramsAreUnloadedIsToldAlsoIfTheAgentIsLostThen() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            assertReported(
                    share(shared, loadingTrial(machine -> {
                        targets.last().printAtUnload(WARNING);
                        targets.last().fail(Fault.LOSES_AGENT);
                    })),
                    "reported after its last look, while what it had loaded was taken out: WARNING in call_rcu");
        }
    }

    @Test
    void whatIsSaidBetweenTwoAndIsNoReportHandsTheMachineOn() throws Exception {
        try (SharedMachine shared = new SharedMachine()) {
            assertThat(share(shared, new Trial("first", machine -> {})).verdict())
                    .isEqualTo(Verdict.CLEAN);
            targets.last().print("[    1.000000] random: crng init done\n");
            assertThat(share(shared, new Trial("second", machine -> {})).verdict())
                    .isEqualTo(Verdict.CLEAN);
            assertThat(targets.started()).hasSize(1);
        }
    }

    /** The first attempt has not ended meanwhile, and must not forbid the second. */
    @Test
    void aSecondAttemptIsBegunUnderAnotherName() throws Exception {
        run(coded(machine -> targets.last().print(WARNING)));
        assertThat(targets.told())
                .containsSubsequence(
                        "begins coded on 7.2.0-scripted",
                        "begins coded on 7.2.0-scripted, confirmation",
                        "ended coded on 7.2.0-scripted, confirmation",
                        "ended coded on 7.2.0-scripted");
    }

    @Test
    void whatTargetsRefuseToBeginDoesNotBegin() throws Exception {
        targets.without("coded on 7.2.0-scripted", "it was begun and never ended");
        assertError(run(coded(machine -> {})), "it was begun and never ended");
        assertThat(targets.told()).isEmpty();
        assertThat(targets.started()).isEmpty();
    }

    @Test
    void whatEndsBeforeItHasATargetHasEnded() throws Exception {
        targets.withoutBoot("no machine today");
        assertError(run(coded(machine -> {})), "no machine today");
        assertThat(targets.told()).containsExactly("begins coded on 7.2.0-scripted", "ended coded on 7.2.0-scripted");
    }

    @Test
    void cleanIfAllReturnsAndEveryCpuLives() throws Exception {
        RunRecord record = run();
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CLEAN);
        assertThat(record.asExpected()).isTrue();
        assertThat(record.kernel().release()).isEqualTo("7.2.0-scripted");
        assertThat(Files.readString(folder.resolve("report/coded/7.2.0-scripted/1/run.json")))
                .contains("\"CLEAN\"");
    }

    /** Says which version it was asked about. */
    private static final class Versioned implements Scenario {
        @Override
        public String id() {
            return "versioned";
        }

        @Override
        public KernelNeeds needs() {
            return KernelNeeds.NONE;
        }

        @Override
        public Expectation expectedOn(String version) {
            return new Expectation(Verdict.CLEAN, Optional.of("stated for " + version), true, Optional.empty());
        }

        @Override
        public Optional<String> disabledOn(String version) {
            return Optional.of("not for " + version);
        }

        @Override
        public void run(Machine machine) {}
    }

    @Test
    void aKernelIsJudgedByTheVersionOfItsSources() throws Exception {
        targets.configuredBy(Files.writeString(
                folder.resolve("config"), "#\n# Automatically generated\n# Linux/x86 7.2.13 Kernel Configuration\n"));

        RunRecord record = run(new Versioned());

        assertThat(record.message()).contains("not for 7.2.13");
        assertThat(record.because()).contains("stated for 7.2.13");
        assertThat(record.kernel().release()).isEqualTo("7.2.0-scripted");
    }

    @Test
    void whatIsStillToComeIsAwaited() throws Exception {
        RunRecord record = run(coded(machine -> targets.last().armTimer(5)));

        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CLEAN);
        assertThat(record.controls()).contains(Control.observer("quiet", 1, 1));
    }

    @Test
    void whatComesTooLateIsNotClean() throws Exception {
        RunRecord record = run(coded(machine -> targets.last().armTimer(100)));

        assertThat(record.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.message()).contains("control quiet saw 0 of 1");
        assertThat(record.notes()).anyMatch(note -> note.contains("a bpf_timer is still armed (late)"));
    }

    @Test
    void whoNamesATimeDecidesHowLongToWatch() throws Exception {
        RunRecord record = run(coded(machine -> {
            targets.last().armTimer(100);
            machine.watch(Duration.ofSeconds(3));
        }));

        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    void deadlockIfACpuIsStuck() throws Exception {
        RunRecord record = run(Fault.STUCK);
        assertThat(record.verdict()).isEqualTo(Verdict.DEADLOCK);
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.CPU_STUCK);
        assertThat(record.timeline())
                .extracting(event -> event.event())
                .contains("last sign of life", "stop", "evidence")
                .endsWith("verdict");
    }

    @Test
    void inconclusiveIfACpuIsBusyForTooLong() throws Exception {
        RunRecord record = run(Fault.BUSY);
        assertThat(record.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.CPU_BUSY);
    }

    @Test
    void aCpuMayBeBusyForAsLongAsAControlAllows() throws Exception {
        targets.with(Fault.BUSY);
        RunRecord record = run(loading(
                machine -> machine.controls().atMost("took", machine.bpf().global("dropped"), Duration.ofSeconds(15))));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CLEAN);
        assertThat(record.evidence()).isEmpty();
    }

    @Test
    void crashIfTheConsoleSaysSoTwice() throws Exception {
        RunRecord record = run(coded(machine -> targets.last().print(WARNING)));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.CRASH);
        assertThat(targets.started())
                .as("the run's and the one that confirms it")
                .hasSize(2);
        assertThat(record.notes()).anyMatch(note -> note.contains("seen again on a freshly booted machine"));
    }

    @Test
    void inconclusiveIfACrashIsNotSeenAgain() throws Exception {
        RunRecord record = run(coded(machine -> {
            if (targets.started().size() == 1) {
                targets.last().print(WARNING);
            }
        }));
        assertThat(record.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    }

    /** A scenario that names its bug. */
    private record OfBug(String title, Coded coded) implements Scenario {
        @Override
        public String id() {
            return "of-bug";
        }

        @Override
        public KernelNeeds needs() {
            return KernelNeeds.NONE;
        }

        @Override
        public Expectation expectedOn(String version) {
            return Expectation.of(Verdict.CRASH);
        }

        @Override
        public Optional<String> bug() {
            return Optional.of(title);
        }

        @Override
        public boolean asserts() {
            return true;
        }

        @Override
        public void run(Machine machine) throws Throwable {
            coded.run(machine);
        }
    }

    private Coded printing(String text) {
        return coded(machine -> targets.last().print(text));
    }

    @Test
    void theBugThatTheScenarioNamesIsExpected() throws Exception {
        RunRecord record = run(new OfBug("WARNING in call_rcu", printing(WARNING)));
        assertThat(record.asExpected()).as(record.toString()).isTrue();
        assertThat(record.notes()).contains("it shows the bug that the reproducer is of: WARNING in call_rcu");
    }

    @Test
    void anotherBugIsTold() throws Exception {
        RunRecord record = run(new OfBug("WARNING in kfree_rcu", printing(WARNING)));
        assertThat(record.verdict()).isEqualTo(Verdict.CRASH);
        assertThat(record.asExpected()).isFalse();
        assertThat(record.mismatch())
                .contains("another bug: WARNING in call_rcu; the reproducer is of WARNING in kfree_rcu");
    }

    @Test
    void aCleanRunIsOfNoOtherBug() throws Exception {
        RunRecord record = run(new OfBug("WARNING in kfree_rcu", coded(machine -> {})));
        assertThat(record.verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(record.mismatch()).isEmpty();
    }

    @Test
    void aBugThatIsNoTitleIsAnError() throws Exception {
        assertError(
                run(new OfBug("it crashes", coded(machine -> {}))),
                "of-bug names the bug \"it crashes\", which is no title of a report");
    }

    @Test
    void recoveredIfTheKernelRefusedALockAndLives() throws Exception {
        targets.holding("result", -35);
        RunRecord record = run(loading(machine ->
                machine.programReports().refused("lock", machine.bpf().global("result"))));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.RECOVERED);
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.LOCK_REFUSED);
    }

    /** A machine that lives at once is watched on, if that was asked for, and its programs run on. */
    @Test
    void recoveredIfTheKernelReportsARefusalLater() throws Exception {
        targets.streaming("", """
                ERROR: AA or ABBA deadlock detected for bpf_res_spin_lock
                Attempted lock   = 0xff11000104a8c010
                Total held locks = 1
                Held lock[ 0] = 0xff11000104a8c010
                CPU: 1 UID: 0 PID: 77 Comm: ksplat-agent
                Call trace:
                bpf_prog_report_rqspinlock_violation+0x10b/0x130

                """);
        RunRecord record = run(loading(machine -> {
            machine.controls().dropped(machine.bpf().global("dropped"), 0);
            machine.programReports().stderrOf(machine.bpf().program("run"));
            machine.watch(Duration.ofSeconds(5));
        }));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.RECOVERED);
    }

    @Test
    void inconclusiveIfTheKernelRefusedALockAndDoesNotLive() throws Exception {
        targets.holding("result", -35).with(Fault.SILENT_HEART);
        assertThat(run(loading(machine -> machine.programReports()
                                .refused("lock", machine.bpf().global("result"))))
                        .verdict())
                .isEqualTo(Verdict.INCONCLUSIVE);
    }

    @Test
    void inconclusiveIfAControlFails() throws Exception {
        Coded scenario =
                loading(machine -> machine.controls().dropped(machine.bpf().global("dropped"), 2));
        assertThat(run(scenario).message()).contains("control dropped saw 0 of 2");
        targets.holding("dropped", 2);
        assertThat(run(scenario).verdict()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    void rejectedIfTheVerifierRefuses() throws Exception {
        targets.with(Fault.REFUSES_PROGRAM);
        RunRecord record = run(loading(machine -> {}));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.REJECTED);
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.VERIFIER);
        assertThat(folder.resolve("report/coded/7.2.0-scripted/1/verifier.log"))
                .content()
                .contains("R0 !read_ok");
        assertThat(folder.resolve("report/coded/7.2.0-scripted/1/" + "scripted.bpf.c"))
                .as("the source is kept beside what it is evidence of")
                .isRegularFile();
    }

    @Test
    void keepsNoSourceWithoutEvidence() throws Exception {
        assertThat(run(loading(machine -> {})).verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(folder.resolve("report/coded/7.2.0-scripted/1/" + "scripted.bpf.c"))
                .doesNotExist();
    }

    private static final String READ = "0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n";

    @Test
    void rejectedIfTheVerifierRefusesWhatItsCodeLoads() throws Exception {
        RunRecord record = run(coded(machine -> {
            throw new VerifierException("tracer", 13, READ);
        }));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.REJECTED);
        assertThat(record.message()).contains("the verifier refused tracer: R0 !read_ok");
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.VERIFIER);
        assertThat(folder.resolve("report/coded/7.2.0-scripted/1/verifier.log"))
                .content()
                .isEqualTo(READ);
    }

    @Test
    void deadlockThoughTheVerifierRefusesWhatItsCodeLoads() throws Exception {
        targets.with(Fault.STUCK);
        RunRecord record = run(coded(machine -> {
            throw new VerifierException("tracer", 13, READ);
        }));
        assertThat(record.verdict()).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void unsupportedIfTheKernelLacksWhatItsCodeLoads() throws Exception {
        RunRecord record = run(loading(machine -> {
            machine.controls().dropped(machine.bpf().global("dropped"), 2);
            throw new KernelLacksException("map type arena", 22, "map 'pages': failed to create: -EINVAL");
        }));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(record.controls()).as("none that failed").isEmpty();
        assertThat(record.message()).contains("7.2.0-scripted has no map type arena");
        assertThat(folder.resolve("report/coded/7.2.0-scripted/1/loader.log"))
                .content()
                .contains("failed to create");
    }

    @Test
    void unsupportedIfTheKernelLacksWhatItsPreparationLoads() throws Exception {
        RunRecord record = run(new Coded(
                KernelNeeds.NONE,
                Optional.empty(),
                machine -> {
                    throw new KernelLacksException("helper #999", 22, "");
                },
                machine -> {}));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(record.message()).contains("7.2.0-scripted has no helper #999");
    }

    /** As another scenario, with an expectation of its own. */
    private record Expecting(Coded of, Expectation expectation) implements Scenario {
        @Override
        public String id() {
            return of.id();
        }

        @Override
        public KernelNeeds needs() {
            return of.needs();
        }

        @Override
        public Optional<BpfSource> bpf() {
            return of.bpf();
        }

        @Override
        public Expectation expectedOn(String release) {
            return expectation;
        }

        @Override
        public void run(Machine machine) throws Throwable {
            of.run(machine);
        }
    }

    private RunRecord refused(String message) throws Exception {
        targets.with(Fault.REFUSES_PROGRAM);
        return run(new Expecting(
                loading(machine -> {}),
                new Expectation(
                        Verdict.REJECTED,
                        Optional.empty(),
                        true,
                        Optional.of(message).filter(m -> !m.isEmpty()))));
    }

    @Test
    void isAsExpectedOnlyIfTheVerifierSaysWhatWasExpected() throws Exception {
        assertThat(refused("!read_ok").asExpected()).isTrue();
        RunRecord another = refused("R1 must be referenced or trusted");
        assertThat(another.verdict()).isEqualTo(Verdict.REJECTED);
        assertThat(another.asExpected()).isFalse();
        assertThat(another.mismatch())
                .contains(
                        "the verifier was to say \"R1 must be referenced or trusted\", and the verifier refused on_nmi:"
                                + " R0 !read_ok");
        assertThat(Files.readString(folder.resolve("report/coded/7.2.0-scripted/1/run.json")))
                .contains("R1 must be referenced or trusted");
    }

    @Test
    void aRefusalOfAnotherFilesProgramIsNotTheOneThatWasExpected() throws Exception {
        RunRecord record = run(new Expecting(
                loading(machine -> {
                    throw new VerifierException("tracer", 13, READ);
                }),
                Expectation.of(Verdict.REJECTED)));
        assertThat(record.verdict()).isEqualTo(Verdict.REJECTED);
        assertThat(record.asExpected()).isFalse();
        assertThat(record.mismatch().orElseThrow())
                .contains("tracer")
                .contains("no program of the reproducer's own file");
    }

    @Test
    void unsupportedIfTheKernelLacksWhatItNeeds() throws Exception {
        RunRecord record = run(new Coded(
                new KernelNeeds(List.of(), List.of("no_such_function"), List.of()),
                Optional.empty(),
                machine -> {},
                machine -> {}));
        assertThat(record.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(record.message()).contains("7.2.0-scripted has no function no_such_function");
        assertThat(targets.started()).isEmpty();
    }

    private static Code lacking() {
        return machine -> {
            throw new KernelLacksException("function do_fork", 2, "");
        };
    }

    /** A tracer whose function has another name by now must not turn a reproducer off. */
    @Test
    void aVerdictThatIsStatedForAKernelIsExpectedAlsoIfItsCodeLacksSomething() throws Exception {
        RunRecord record = run(new Expecting(coded(lacking()), Expectation.of(Verdict.DEADLOCK)));
        assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(record.message()).contains("7.2.0-scripted has no function do_fork");
        assertThat(record.expected()).isEqualTo(Verdict.DEADLOCK);
        assertThat(record.asExpected()).isFalse();
    }

    @Test
    void unsupportedIsAsExpectedIfNothingIsStated() throws Exception {
        RunRecord record = run(new Expecting(
                coded(lacking()), new Expectation(Verdict.CLEAN, Optional.of("it lives"), false, Optional.empty())));
        assertThat(record.asExpected()).as(record.toString()).isTrue();
        assertThat(record.expected()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(record.because()).as("the reason of another verdict").isEmpty();
    }

    /** Neither says anything of the kernel that the verdict is stated for. */
    @Test
    void unsupportedIsAsExpectedIfTheTargetCannotOrTheCodeDoesNotWant() throws Exception {
        for (Code code : List.<Code>of(machine -> machine.nmi().aimAt("spin").fire(), machine -> {
            throw new AbortedException(new IllegalStateException("not here"));
        })) {
            Scenario asserting = new OfBug("WARNING in call_rcu", coded(code));
            RunRecord record = run(asserting);
            assertThat(record.verdict()).as(record.toString()).isEqualTo(Verdict.UNSUPPORTED);
            assertThat(record.asExpected()).as(record.toString()).isTrue();
        }
    }

    @Test
    void unsupportedIfTheTargetTakesNoNmis() throws Exception {
        RunRecord record = run(coded(machine -> machine.nmi().aimAt("spin").fire()));
        assertThat(record.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(record.message().orElseThrow()).contains("no NMIs");
    }

    @Test
    void unsupportedIfItsCodeBreaksOff() throws Exception {
        assertThat(run(coded(machine -> {
                            throw new AbortedException(new IllegalStateException("not here"));
                        }))
                        .verdict())
                .isEqualTo(Verdict.UNSUPPORTED);
    }

    @Test
    void inconclusiveIfAHeartStandsStill() throws Exception {
        RunRecord record = run(Fault.SILENT_HEART);
        assertThat(record.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.message().orElseThrow()).contains("not every CPU's heart beat");
    }

    /** A real machine's are read now and then: those of before the last change are no sign that its CPUs live after it. */
    @Test
    void inconclusiveIfTheHeartbeatsAreOld() throws Exception {
        RunRecord record = run(Fault.OLD_HEARTBEATS);
        assertThat(record.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.message().orElseThrow()).contains("not every CPU's heart beat");
    }

    @Test
    void inconclusiveIfItsCodeAsserts() throws Exception {
        assertThat(run(coded(machine -> {
                            throw new AssertionError("1 is 2");
                        }))
                        .verdict())
                .isEqualTo(Verdict.INCONCLUSIVE);
    }

    /** The same for its preparation, and wherever the JDK's own frames stand above. */
    @Test
    void anExceptionOfItsCodeIsToldWithItsLineAndItsStack() throws Exception {
        Code throwing = machine -> Files.readString(Path.of("nowhere"));
        for (Coded scenario :
                List.of(coded(throwing), new Coded(KernelNeeds.NONE, Optional.empty(), throwing, machine -> {}))) {
            Conclusion conclusion = concluded(scenario);
            assertThat(conclusion.record().message().orElseThrow())
                    .matches("java\\.nio\\.file\\.NoSuchFileException: nowhere \\(RunTest\\.java:\\d+\\)");
            Path stack = conclusion.folder().orElseThrow().resolve("exception.txt");
            assertThat(stack).content().contains("NoSuchFileException: nowhere", "Files.readString", "RunTest.java:");
            assertThat(conclusion.record().notes())
                    .contains("the exception's whole stack: coded/7.2.0-scripted/1/exception.txt");
        }
    }

    @Test
    void anAssertionIsToldWithItsLineAndItsStack() throws Exception {
        Conclusion conclusion = concluded(coded(machine -> {
            throw new AssertionError("1 is 2");
        }));
        assertThat(conclusion.record().message().orElseThrow())
                .matches("java\\.lang\\.AssertionError: 1 is 2 \\(RunTest\\.java:\\d+\\)");
        assertThat(conclusion.folder().orElseThrow().resolve("exception.txt")).exists();
    }

    /** Its message is a sentence, and the agent may well be gone because the experiment did what it was to. */
    @Test
    void anErrorOfKsplatHasNoStack() throws Exception {
        Conclusion conclusion = concluded(coded(machine -> {
            throw new MachineException("the agent is gone");
        }));
        assertThat(conclusion.record().message()).contains("the agent is gone");
        assertThat(conclusion.folder().orElseThrow().resolve("exception.txt")).doesNotExist();
    }

    @Test
    void errorIfThereIsNoKernel() throws Exception {
        targets.withoutKernel("no kernel 7.2 in any suite");
        assertError(run(), "no kernel 7.2");
    }

    @Test
    void aKernelThatIsNotFoundDoesNotNameTheFoldersOfThisMachine() throws Exception {
        targets.withoutKernel("no kernel tree there");
        Path report = folder.resolve("report");
        for (String owner : List.of("bobsson", "alicedaughter")) {
            RunSettings settings =
                    RunSettings.of("tree:/home/" + owner + "/linux+lockdep").reportedIn(report);
            assertError(session.run(settings, coded(machine -> {})).execute().record(), "no kernel tree");
        }
        session.close();

        try (Stream<Path> files = Files.walk(report)) {
            for (Path file : files.toList()) {
                assertThat(file.toString()).doesNotContain("bobsson", "alicedaughter");
                if (Files.isRegularFile(file)) {
                    assertThat(Files.readString(file)).as(file.toString()).doesNotContain("bobsson", "alicedaughter");
                }
            }
        }
        try (Stream<Path> kernels = Files.list(report.resolve("coded"))) {
            assertThat(kernels).as("one for each tree").hasSize(2);
        }
    }

    @Test
    void errorIfNoMachineComesUp() throws Exception {
        targets.withoutBoot("no agent within 12 s");
        assertError(run(), "no agent within 12 s");
    }

    @Test
    void errorIfTheConsoleShowsNoMark() throws Exception {
        assertError(run(Fault.NO_CONSOLE), "the mark did not come");
    }

    @Test
    void errorIfItsSourceIsMissing() throws Exception {
        assertError(
                run(new Coded(
                        KernelNeeds.NONE,
                        Optional.of(new BpfSource(RunTest.class, "missing.bpf.c")),
                        machine -> {},
                        machine -> {})),
                "missing.bpf.c");
    }

    @Test
    void errorIfItsProgramCannotBeLoaded() throws Exception {
        targets.with(Fault.NO_BPF);
        assertError(run(loading(machine -> {})), "there is no BPF here");
    }

    @Test
    void errorIfItsPreparationFails() throws Exception {
        RunRecord record = run(new Coded(
                KernelNeeds.NONE,
                Optional.empty(),
                machine -> machine.readFile("/proc/version").clone()[1]++,
                machine -> {
                    throw new AssertionError("its code must not run");
                }));
        assertError(record, "ArrayIndexOutOfBounds");
    }

    @Test
    void errorIfTheAgentIsLost() throws Exception {
        targets.with(Fault.LOSES_AGENT);
        assertError(run(coded(machine -> machine.readFile("/proc/version"))), "the agent is gone");
    }

    @Test
    void evidenceOutweighsALostAgent() throws Exception {
        targets.with(Fault.LOSES_AGENT, Fault.STUCK);
        assertThat(run(coded(machine -> machine.readFile("/proc/version"))).verdict())
                .isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void noTaskIsWatchedIfNoneIsBlocked() throws Exception {
        assertThat(run().verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(targets.last().looks()).isOne();
    }

    @Test
    void inconclusiveIfATaskIsBlocked() throws Exception {
        RunRecord record = run(Fault.BLOCKED_TASK);
        assertThat(record.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.evidence()).extracting(found -> found.kind()).containsExactly(EvidenceKind.TASK_BLOCKED);
        assertThat(record.message().orElseThrow()).contains("sleeper/7 sleeps");
    }

    @Test
    void cleanIfATaskThatSleepsMovesInTheEnd() throws Exception {
        assertThat(run(Fault.SLOW_TASK).verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(targets.last().looks()).isGreaterThan(2);
    }

    @Test
    void deadlockIfTasksWaitForEachOther() throws Exception {
        assertThat(run(Fault.RING_OF_TASKS).verdict()).isEqualTo(Verdict.DEADLOCK);
        assertThat(targets.last().looks())
                .as("a ring is found long before the whole watch has passed")
                .isLessThan(8);
    }

    @Test
    void errorIfTheTasksCannotBeRead() throws Exception {
        assertError(run(Fault.NO_TASKS), "the tasks cannot be read");
    }

    @Test
    void whatIsBlockedOutweighsASilentAgent() throws Exception {
        Coded asks = coded(machine -> machine.readFile("/proc/version"));
        targets.with(Fault.SILENT_AGENT);
        assertError(run(asks), "the agent did not answer");
        targets.with(Fault.BLOCKED_TASK);
        RunRecord record = run(asks);
        assertThat(record.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(record.message().orElseThrow()).contains("sleeper/7 sleeps", "the agent did not answer");
        targets.with(Fault.RING_OF_TASKS);
        assertThat(run(asks).verdict()).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void aTaskThatIsReportedAgainAndAgainIsOneEvidence() throws Exception {
        RunRecord record = run(coded(machine -> {
            for (int seconds = 3; seconds <= 30; seconds += 3) {
                targets.last().print(HUNG.replace("SECONDS", String.valueOf(seconds)));
            }
        }));
        assertThat(record.evidence()).hasSize(1);
        assertThat(record.evidence().get(0).count()).isEqualTo(10);
        assertThat(record.evidence().get(0).seconds()).hasValue(30);
    }

    @Test
    void errorIfTheMachineIsGone() throws Exception {
        assertError(run(Fault.GONE), "QEMU ended: killed");
    }

    @Test
    void errorIfTheMonitorDoesNotAnswer() throws Exception {
        assertError(run(Fault.NO_SAMPLES), "the monitor does not answer");
    }

    @Test
    void errorIfAHungMachineCannotBeRead() throws Exception {
        assertError(run(Fault.STUCK, Fault.NO_ANALYSIS), "the gdbstub does not answer");
    }

    @Test
    void theRecordIsWrittenThoughTheMachineDoesNotEnd() {
        assertThatThrownBy(() -> run(Fault.DOES_NOT_END)).hasMessage("QEMU does not end");
        assertThat(folder.resolve("report/coded/7.2.0-scripted/1/run.json"))
                .content()
                .contains("\"CLEAN\"");
    }

    @Test
    void errorIfTheSessionIsInterrupted() throws Exception {
        assertError(
                run(coded(machine -> {
                    Thread signal = new Thread(() -> session.interrupt("Ctrl-C"));
                    signal.start();
                    while (!targets.last().isClosed()) {
                        Thread.onSpinWait();
                    }
                })),
                "Ctrl-C");
    }

    @Test
    void aClosedSessionRunsNothing() throws Exception {
        session.close();
        assertError(run(), "ksplat was interrupted");
    }

    @Test
    void isConcludedOnce() throws Exception {
        Run run = session.run(RunSettings.of("debian:7.2").reportedIn(folder.resolve("report")), coded(machine -> {}));
        Run.Ready ready = (Run.Ready) run.prepare();
        ready.attempt();
        assertThat(run.isConcluded()).isTrue();
        assertThatThrownBy(ready::attempt).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aDirectEntryNeedsNoTestFramework() throws Exception {
        Catalogue.Entry entry = new Catalogue.Entry(
                "coded",
                Optional.empty(),
                "nothing",
                "none",
                List.of(),
                new Catalogue.Source.Direct(coded(machine -> {})));
        RunOutcome outcome = new EngineRunner()
                .run(new RunRequest(session, entry, RunSettings.of("debian:7.2").reportedIn(folder.resolve("report"))));
        assertThat(outcome.records()).extracting(RunRecord::verdict).containsExactly(Verdict.CLEAN);
    }
}
