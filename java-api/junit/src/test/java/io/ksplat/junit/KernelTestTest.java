// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Controls;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.KernelTest.MachinePer;
import io.ksplat.machine.Nmi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.opentest4j.TestAbortedException;

/** Ordinary tests on kernels of their own. */
@Timeout(180)
@Tag("machine")
class KernelTestTest {
    private static final AtomicInteger METHODS = new AtomicInteger();

    @TempDir
    Path folder;

    @BeforeEach
    void reset() {
        METHODS.set(0);
    }

    private static boolean exists(Machine machine, String path) throws IOException {
        try {
            machine.readFile(path);
            return true;
        } catch (io.ksplat.machine.AgentException e) {
            assertThat(e).hasMessageContaining("ENOENT");
            return false;
        }
    }

    @KernelTest(bpf = "counter.bpf.c")
    static final class Sound {
        @BeforeEach
        void prepare(Machine machine) throws IOException {
            machine.writeFile("/prepared", "yes");
        }

        @Test
        void counts(Machine machine, BpfObject bpf, Nmi nmi, Controls controls) throws IOException {
            assertThat(machine.readFile("/prepared")).isEqualTo("yes".getBytes(UTF_8));
            assertThat(exists(machine, "/left")).isFalse();
            machine.writeFile("/left", "");
            bpf.program("count").run();
            assertThat(bpf.global("runs").get()).isEqualTo(1);
            assertThat(nmi).isSameAs(machine.nmi());
            assertThat(controls).isSameAs(machine.controls());
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void countsEach(int times, Machine machine, BpfObject bpf) throws IOException {
            assertThat(exists(machine, "/left")).isFalse();
            machine.writeFile("/left", "");
            for (int i = 0; i < times; i++) {
                bpf.program("count").run();
            }
            assertThat(bpf.global("runs").get()).isEqualTo(times);
        }
    }

    @KernelTest
    static final class Setting {
        @Test
        void setsBeforeItLoads(Machine machine) throws IOException {
            BpfObject counter = machine.load("counter.bpf.c", opened -> opened.set("runs", 40));
            counter.program("count").run();
            assertThat(counter.global("runs").get()).isEqualTo(41);
            assertThat(machine.load("counter.bpf.c").global("runs").get()).isZero();
        }
    }

    @Test
    void setsWhatAnotherObjectBeginsWith() {
        Launch.of(folder, Setting.class).assertAllGreen();
    }

    @Test
    void givesEachMethodAPristineMachine() throws IOException {
        Launch launch = Launch.of(folder, Sound.class);
        launch.assertAllGreen();
        assertThat(launch.results()).hasSize(3);
        assertThat(launch.runs().findValuesAsText("reproducer"))
                .containsExactlyInAnyOrder(
                        Sound.class.getName() + "/counts",
                        Sound.class.getName() + "/countsEach-1",
                        Sound.class.getName() + "/countsEach-2");
        assertThat(launch.runs().findValuesAsText("verdict")).containsOnly("CLEAN");
        assertThat(launch.files()).isEmpty();
    }

    @KernelTest
    static final class Failing {
        @Test
        void asserts(Machine machine) {
            assertThat(machine.cpus()).isEqualTo(77);
        }

        @Test
        void breaks(Machine machine) {
            if (machine.cpus() != 77) {
                throw new IllegalStateException("the test's own fault");
            }
        }

        @Test
        void assumes(Machine machine) {
            assumeTrue(machine.cpus() == 77, "77 CPUs are needed");
        }

        @Test
        void wantsAnObject(BpfObject bpf) {
            METHODS.incrementAndGet();
        }
    }

    @Test
    void keepsTheMeaningOfAFailureAnErrorAndASkip() throws IOException {
        Launch launch = Launch.of(folder, Failing.class);
        assertThat(launch.of("asserts").getThrowable().orElseThrow())
                .isInstanceOf(AssertionError.class)
                .isNotInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("77");
        assertThat(launch.of("breaks").getThrowable().orElseThrow())
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("the test's own fault");
        assertThat(launch.of("assumes").getStatus()).isEqualTo(Status.ABORTED);
        assertThat(launch.of("wantsAnObject").getThrowable().orElseThrow())
                .hasStackTraceContaining("names no BPF C file");
        assertThat(METHODS).hasValue(0);
        String id = Failing.class.getName() + "/";
        assertThat(launch.run(id + "asserts").path("verdict").asText()).isEqualTo("INCONCLUSIVE");
        assertThat(launch.run(id + "breaks").path("verdict").asText()).isEqualTo("ERROR");
        assertThat(launch.run(id + "assumes").path("verdict").asText()).isEqualTo("UNSUPPORTED");
        assertThat(launch.run(id + "assumes").path("expected").asText()).isEqualTo("UNSUPPORTED");
        assertThat(launch.files()).containsKeys("console.log", "evidence.json");
        assertThat(launch.files().get("console.log")).isNotEmptyFile();
    }

    /** Has the machine show what a test does not expect, and lives with. */
    private static void refuseALock(Machine machine, BpfObject bpf) throws IOException {
        machine.programReports().refused("lock", bpf.global("runs"));
        bpf.global("runs").set(-35);
    }

    @KernelTest(bpf = "counter.bpf.c")
    static final class Generating {
        @TestFactory
        Stream<DynamicTest> onAMachineThatLives(BpfObject bpf) {
            return Stream.of(dynamicTest("counts", () -> bpf.program("count").run()));
        }

        @TestFactory
        Stream<DynamicTest> onOneThatDoesNot(Machine machine, BpfObject bpf) {
            return Stream.of(dynamicTest("is content", () -> refuseALock(machine, bpf)));
        }
    }

    @Test
    void judgesTheMachineOfGeneratedTests() throws IOException {
        Launch launch = Launch.of(folder, Generating.class);
        String id = Generating.class.getName() + "/";
        assertThat(launch.run(id + "onAMachineThatLives").path("verdict").asText())
                .isEqualTo("CLEAN");
        assertThat(launch.run(id + "onOneThatDoesNot").path("verdict").asText()).isEqualTo("RECOVERED");
        assertThat(launch.results())
                .filteredOn(result -> result.getStatus() != Status.SUCCESSFUL)
                .singleElement()
                .satisfies(result -> assertThat(result.getThrowable().orElseThrow())
                        .isInstanceOf(UnexpectedVerdictError.class)
                        .hasMessageContaining("expected CLEAN, but the verdict is RECOVERED"));
    }

    @KernelTest(bpf = "counter.bpf.c")
    static final class EndingBefore {
        @BeforeEach
        void before(Machine machine, BpfObject bpf, TestInfo test) throws IOException {
            String method = test.getTestMethod().orElseThrow().getName();
            if (method.contains("OnAMachineThatDoesNotLive")) {
                refuseALock(machine, bpf);
            }
            assumeTrue(method.startsWith("fails"), "not for this kernel");
            throw new IllegalStateException("the test's own fault");
        }

        @Test
        void isSkipped() {
            METHODS.incrementAndGet();
        }

        @Test
        void isSkippedOnAMachineThatDoesNotLive() {
            METHODS.incrementAndGet();
        }

        @Test
        void failsOnAMachineThatDoesNotLive() {
            METHODS.incrementAndGet();
        }
    }

    @Test
    void judgesTheMachineOfATestThatEndsBeforeItsMethod() throws IOException {
        Launch launch = Launch.of(folder, EndingBefore.class);
        assertThat(METHODS).hasValue(0);
        String id = EndingBefore.class.getName() + "/";
        assertThat(launch.of("isSkippedOnAMachineThatDoesNotLive").getStatus()).isEqualTo(Status.FAILED);
        assertThat(launch.of("isSkippedOnAMachineThatDoesNotLive")
                        .getThrowable()
                        .orElseThrow())
                .isInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("expected CLEAN, but the verdict is RECOVERED");
        assertThat(launch.of("isSkipped").getStatus()).isEqualTo(Status.ABORTED);
        assertThat(launch.run(id + "isSkipped").path("verdict").asText()).isEqualTo("UNSUPPORTED");
        assertThat(launch.of("failsOnAMachineThatDoesNotLive").getThrowable().orElseThrow())
                .isExactlyInstanceOf(IllegalStateException.class);
        assertThat(launch.run(id + "failsOnAMachineThatDoesNotLive")
                        .path("verdict")
                        .asText())
                .isEqualTo("RECOVERED");
    }

    @Test
    void skipsNothingThatWasToBeClean() throws IOException {
        Launch launch = Launch.of(folder, Assuming.class, "ksplat.expect", "CLEAN");
        assertThat(launch.of("assumes").getThrowable().orElseThrow())
                .isInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("expected CLEAN, but the verdict is UNSUPPORTED");
    }

    @KernelTest
    static final class Assuming {
        @Test
        void assumes(Machine machine) {
            assumeTrue(machine.cpus() == 77, "77 CPUs are needed");
        }
    }

    @KernelTest(bpf = "counter.bpf.c")
    @Expect(verdict = Verdict.RECOVERED)
    static final class Recovering {
        @Test
        void asExpected(Machine machine, BpfObject bpf) throws IOException {
            refuseALock(machine, bpf);
        }

        @Test
        void andAsserts(Machine machine, BpfObject bpf) throws IOException {
            refuseALock(machine, bpf);
            assertThat(bpf.global("runs").get()).isEqualTo(-110);
        }
    }

    /** The machine lives: a failed assertion is none of its symptoms. */
    @Test
    void isRedIfAnAssertionFailsThoughTheVerdictIsAsExpected() throws IOException {
        Launch launch = Launch.of(folder, Recovering.class);
        assertThat(launch.of("asExpected").getThrowable()).isEmpty();
        assertThat(launch.run(Recovering.class.getName() + "/andAsserts")
                        .path("verdict")
                        .asText())
                .isEqualTo("RECOVERED");
        assertThat(launch.of("andAsserts").getThrowable().orElseThrow())
                .isInstanceOf(AssertionError.class)
                .isNotInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("-110");
    }

    @KernelTest
    static final class Splatting {
        @Test
        void warns(Machine machine) throws IOException {
            machine.writeFile("/proc/sys/kernel/panic", "0");
            try {
                machine.writeFile("/proc/sysrq-trigger", "c");
            } catch (IOException e) {
                // The kernel that would have answered is dead.
            }
        }
    }

    @Test
    @Tag("full")
    void isRedWhereTheKernelSplatsThoughTheMethodIsContent() throws IOException {
        Launch launch = Launch.of(folder, Splatting.class);
        assertThat(launch.only().getThrowable().orElseThrow())
                .isInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("a bug was seen that was not expected (expected CLEAN, but the verdict is CRASH)")
                .hasMessageContaining("sysrq");
        assertThat(launch.onlyRun().path("verdict").asText()).isEqualTo("CRASH");
    }

    @KernelTest(bpf = "counter.bpf.c", machine = MachinePer.CLASS)
    @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
    static final class Sharing {
        @Test
        @Order(1)
        void leavesAFile(Machine machine, BpfObject bpf) throws IOException {
            machine.writeFile("/left", "");
            bpf.program("count").run();
            machine.spawnParked();
        }

        @Test
        @Order(2)
        void findsItButNoProgramAndNoProcess(Machine machine, BpfObject bpf) throws IOException {
            assertThat(exists(machine, "/left")).isTrue();
            assertThat(bpf.global("runs").get()).isZero();
            assertThat(new String(machine.readFile("/proc/loadavg"), UTF_8)).isNotEmpty();
            fail("on purpose");
        }

        @Test
        @Order(3)
        void findsNothing(Machine machine) throws IOException {
            assertThat(exists(machine, "/left")).isFalse();
        }
    }

    @Test
    void handsTheMachineOnUntilAMethodDoesNotEndWell() throws IOException {
        Launch launch = Launch.of(folder, Sharing.class);
        assertThat(launch.of("leavesAFile").getThrowable()).isEmpty();
        assertThat(launch.of("findsItButNoProgramAndNoProcess").getThrowable().orElseThrow())
                .hasMessage("on purpose");
        assertThat(launch.of("findsNothing").getThrowable()).isEmpty();
        assertEachRunHasAConsole(launch);
    }

    /** Two of them shared a machine, and so a console. */
    private static void assertEachRunHasAConsole(Launch launch) throws IOException {
        for (String id : launch.runs().findValuesAsText("reproducer")) {
            try (Stream<Path> files = Files.walk(launch.report().resolve(id.replace('/', '+')))) {
                assertThat(files.filter(file -> file.endsWith("console.log")))
                        .as(id)
                        .hasSize(1)
                        .allSatisfy(file -> assertThat(file).isNotEmptyFile());
            }
        }
    }

    @KernelTest
    static final class NotHere {
        @Test
        @EnabledOnKernel(value = "[99,)", because = "the future is not yet")
        void tooNew(Machine machine) {
            METHODS.incrementAndGet();
        }

        @Test
        @EnabledOnKernel("[7.2,7.2]")
        void here(Machine machine) {
            METHODS.incrementAndGet();
        }
    }

    @Test
    void skipsOtherKernelsWithTheReason() throws IOException {
        Launch launch = Launch.of(folder, NotHere.class);
        assertThat(launch.of("tooNew").getStatus()).isEqualTo(Status.ABORTED);
        assertThat(launch.of("tooNew").getThrowable().orElseThrow())
                .isInstanceOf(TestAbortedException.class)
                .hasMessageMatching("UNSUPPORTED as expected: 7\\.2\\S+ is not in \\[99,\\): the future is not yet");
        assertThat(launch.of("here").getThrowable()).isEmpty();
        assertThat(METHODS).hasValue(1);
        assertThat(launch.run(NotHere.class.getName() + "/tooNew")
                        .path("verdict")
                        .asText())
                .isEqualTo("UNSUPPORTED");
    }

    @KernelTest
    @Kernels({"debian:6.16", "debian:7.2"})
    static final class OnTwo {
        private static final List<String> RELEASES = new java.util.ArrayList<>();

        @Test
        void runs(Machine machine) {
            RELEASES.add(machine.release());
        }
    }

    @Test
    void runsAClassOnEachKernelOrOnTheOneThatIsGiven() {
        OnTwo.RELEASES.clear();
        Launch launch = Launch.of(folder, OnTwo.class);
        launch.assertAllGreen();
        assertThat(OnTwo.RELEASES).hasSize(2);
        assertThat(OnTwo.RELEASES.get(0)).startsWith("6.16");
        assertThat(OnTwo.RELEASES.get(1)).startsWith("7.2");

        OnTwo.RELEASES.clear();
        Launch.of(folder, OnTwo.class, "ksplat.kernel", "debian:7.2").assertAllGreen();
        assertThat(OnTwo.RELEASES)
                .hasSize(1)
                .allSatisfy(release -> assertThat(release).startsWith("7.2"));
    }

    @Reproducer(id = "refused", bpf = "refused.bpf.c", shows = "a program that is refused", seed = "none")
    @Expect(verdict = Verdict.REJECTED)
    static final class Refused {
        @BeforeEach
        void before(Machine machine) {
            METHODS.incrementAndGet();
        }

        @Test
        void refused(Machine machine, BpfObject bpf) {
            METHODS.incrementAndGet();
        }

        @AfterEach
        void after() {
            METHODS.incrementAndGet();
        }
    }

    @Test
    void passesWhereARefusalWasExpected() throws IOException {
        Launch launch = Launch.of(folder, Refused.class);
        assertThat(launch.only().getThrowable()).isEmpty();
        assertThat(launch.only().getStatus()).isEqualTo(Status.SUCCESSFUL);
        assertThat(METHODS).hasValue(0);
        assertThat(launch.onlyRun().path("verdict").asText()).isEqualTo("REJECTED");
    }

    @KernelTest(bpf = "refused.bpf.c")
    static final class RefusedTest {
        @Test
        void refused(Machine machine) {
            METHODS.incrementAndGet();
        }
    }

    @Test
    void isRedWhereARefusalWasNot() throws IOException {
        Launch launch = Launch.of(folder, RefusedTest.class);
        assertThat(launch.only().getThrowable().orElseThrow())
                .isInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("expected CLEAN, but the verdict is REJECTED")
                .hasMessageContaining("the verifier refused out_of_bounds");
        assertThat(launch.files()).containsKey("verifier.log");
        assertThat(METHODS).hasValue(0);
    }

    /** Two that meet, each on a machine of its own: they run at the same time or not at all. */
    @KernelTest
    static final class Meeting {
        private static final CyclicBarrier BARRIER = new CyclicBarrier(2);

        @Test
        void one(Machine machine) throws Exception {
            BARRIER.await(60, TimeUnit.SECONDS);
        }

        @Test
        void other(Machine machine) throws Exception {
            BARRIER.await(60, TimeUnit.SECONDS);
        }
    }

    /** Three that share a machine, and take turns. */
    @KernelTest(machine = MachinePer.CLASS)
    static final class Turns {
        private static final AtomicInteger INSIDE = new AtomicInteger();

        private void alone(Machine machine) throws IOException {
            assertThat(INSIDE.incrementAndGet()).isEqualTo(1);
            for (int i = 0; i < 50; i++) {
                machine.readFile("/proc/uptime");
            }
            INSIDE.decrementAndGet();
        }

        @Test
        void one(Machine machine) throws IOException {
            alone(machine);
        }

        @Test
        void two(Machine machine) throws IOException {
            alone(machine);
        }

        @Test
        void three(Machine machine) throws IOException {
            alone(machine);
        }
    }

    @Test
    void runsInParallelWhatDoesNotShareAMachine() {
        Launch launch = Launch.of(
                folder,
                List.of(Meeting.class, Turns.class),
                "junit.jupiter.execution.parallel.enabled",
                "true",
                "junit.jupiter.execution.parallel.mode.default",
                "concurrent",
                "junit.jupiter.execution.parallel.config.strategy",
                "fixed",
                "junit.jupiter.execution.parallel.config.fixed.parallelism",
                "3");
        launch.assertAllGreen();
        assertThat(launch.results()).hasSize(5);
    }

    @KernelTest
    @Kernels({})
    static final class OnNone {
        @Test
        void never() {
            METHODS.incrementAndGet();
        }
    }

    @Test
    void refusesToRunOnNoKernelAtAll() {
        assertThat(Launch.of(folder, OnNone.class).only().getThrowable().orElseThrow())
                .hasMessageContaining("@Kernels names no kernel");
    }
}
