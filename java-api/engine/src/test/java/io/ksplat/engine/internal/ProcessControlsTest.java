// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.ksplat.evidence.Control;
import io.ksplat.machine.internal.ExpectedEnd;
import io.ksplat.machine.internal.ProcessWatch;
import io.ksplat.machine.internal.Snapshots;
import io.ksplat.machine.internal.agent.proto.Ended;
import io.ksplat.machine.internal.agent.proto.Output;
import io.ksplat.machine.internal.agent.proto.Response;
import io.ksplat.machine.internal.agent.proto.Usage;
import io.ksplat.machine.internal.snapshot.Snapshot;
import io.ksplat.results.ProgramRecord;
import io.ksplat.results.ResourceUsage;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessControlsTest {
    private static final int SIGSEGV = 11;

    @TempDir
    private Path folder;

    private final ProcessControls controls = new ProcessControls();

    /** A process that has to exit with status 0. */
    private ProcessWatch process() {
        return new ProcessWatch(1, folder.resolve("program"), new ExpectedEnd.Exit(0));
    }

    private ProcessWatch program(String name) {
        ProcessWatch watch = process();
        controls.addProgram(name, watch);
        return watch;
    }

    private static void exits(ProcessWatch watch, int status) {
        ends(watch, Ended.newBuilder().setStatus(status << 8));
    }

    private static void ends(ProcessWatch watch, Ended.Builder how) {
        watch.accept(Response.newBuilder().setEnded(how).build());
    }

    private static void prints(ProcessWatch watch, int stream, String text) {
        watch.accept(Response.newBuilder()
                .setOutput(Output.newBuilder().setStream(stream).setData(ByteString.copyFromUtf8(text)))
                .build());
    }

    private static Control ended(String name, boolean well) {
        return Control.stimulus("exit:" + name, 1, well ? 1 : 0);
    }

    @Test
    void aProgramHasToEndWell() {
        ProcessWatch good = program("good");
        ProcessWatch bad = program("bad");
        program("runs");
        exits(good, 0);
        exits(bad, 3);

        assertThat(controls.read()).containsExactly(ended("good", true), ended("bad", false), ended("runs", false));
        assertThat(controls.failures())
                .containsExactly(
                        Map.entry("exit:bad", "it exited with status 3"), Map.entry("exit:runs", "it still runs"));
        assertThat(controls.count()).isEqualTo(3);
    }

    @Test
    void whyAProgramFailedSaysTheLastLineOfItsStderr() {
        ProcessWatch bad = program("bad");
        prints(bad, 1, "stdout\n");
        prints(bad, 2, "opening\ncannot open \033[31mthe map: Permission denied\r\n \n\n");
        exits(bad, 3);

        assertThat(controls.failures())
                .containsEntry(
                        "exit:bad",
                        "it exited with status 3; the last line of program.stderr: cannot open ?[31mthe map: Permission denied");
    }

    @Test
    void theLastLineOfAProgramIsBounded() {
        ProcessWatch bad = program("bad");
        prints(bad, 2, "a\n".repeat(100_000) + "x".repeat(100_000));
        exits(bad, 3);

        assertThat(controls.failures().get("exit:bad"))
                .startsWith("it exited with status 3; the last line of program.stderr: xxx")
                .endsWith("x...")
                .hasSizeBetween(200, 300);
    }

    @Test
    void whatAProgramPrintsThatEndsWellOrRunsIsNoReason() {
        ProcessWatch good = program("good");
        prints(good, 2, "a warning\n");
        exits(good, 0);
        prints(program("runs"), 2, "working\n");

        assertThat(controls.failures()).containsExactly(Map.entry("exit:runs", "it still runs"));
    }

    @Test
    void aProgramThatDidNotStartFails() {
        controls.addUnstarted("load", "No such file or directory");

        assertThat(controls.read()).containsExactly(ended("load", false));
        assertThat(controls.failures()).containsEntry("exit:load", "it did not start: No such file or directory");
        assertThat(controls.count()).isEqualTo(1);
    }

    /** That ksplat's own process does what it is for shows nothing of the experiment. */
    @Test
    void aWorkerIsAControlOnlyIfItFails() {
        ProcessWatch parked = process();
        parked.expect(new ExpectedEnd.UntilTheEnd());
        controls.addWorker("parked", parked);
        assertThat(controls.read()).isEmpty();
        assertThat(controls.failures()).isEmpty();

        exits(parked, 0);
        assertThat(controls.read()).containsExactly(ended("parked", false));
        assertThat(controls.failures()).containsOnlyKeys("exit:parked");
    }

    @Test
    void noTwoProcessesHaveTheSameName() {
        assertThat(controls.unique("load")).isEqualTo("load");
        program("load");
        assertThat(controls.unique("load")).isEqualTo("load-2");
        program("load-2");
        controls.addWorker("load", process());
        assertThat(controls.failures()).containsOnlyKeys("exit:load", "exit:load-2", "exit:load-3");
        assertThat(controls.unique("other")).isEqualTo("other");
    }

    @Test
    void theExperimentIsLostIfItEndsBadlyOrDoesNotStart() {
        ProcessWatch load = program("load");
        exits(load, 1);
        assertThat(controls.isLost()).as("another program").isFalse();

        assertThat(controls.hasExperiment()).isFalse();
        controls.isExperiment("trial");
        assertThat(controls.hasExperiment()).isTrue();
        ProcessWatch trial = program("trial");
        assertThat(controls.isLost()).as("it may still end well").isFalse();
        exits(trial, 2);
        assertThat(controls.isLost()).isTrue();
    }

    @Test
    void anExperimentThatEndsWellIsNotLost() {
        controls.isExperiment("trial");
        exits(program("trial"), 0);
        assertThat(controls.isLost()).isFalse();
    }

    @Test
    void anExperimentThatDidNotStartIsLostAndHasNoEnd() {
        controls.isExperiment("trial");
        controls.addUnstarted("trial", "Exec format error");
        assertThat(controls.isLost()).isTrue();
        assertThat(controls.experiment()).isEmpty();
    }

    @Test
    void tellsHowTheExperimentExitedAndWhatItTook() {
        program("load");
        controls.isExperiment("trial");
        assertThat(controls.experiment()).isEmpty();
        ProcessWatch trial = program("trial");
        assertThat(controls.experiment()).contains(new ProgramRecord(OptionalInt.empty(), OptionalInt.empty(), "", ""));

        prints(trial, 1, "to stdout");
        prints(trial, 2, "to stderr");
        ends(
                trial,
                Ended.newBuilder()
                        .setStatus(3 << 8)
                        .setUsage(Usage.newBuilder()
                                .setUserUs(12_345)
                                .setSystemUs(2_999)
                                .setMaxRssKib(3)
                                .setMinorFaults(4)
                                .setMajorFaults(5)
                                .setVoluntarySwitches(6)
                                .setInvoluntarySwitches(7)));
        assertThat(controls.experiment())
                .contains(new ProgramRecord(
                        OptionalInt.of(3),
                        OptionalInt.empty(),
                        "to stdout",
                        "to stderr",
                        Optional.of(new ResourceUsage(12, 2, 3, 4, 5, 6, 7))));
    }

    @Test
    void tellsWhichSignalEndedTheExperiment() {
        controls.isExperiment("trial");
        ends(program("trial"), Ended.newBuilder().setStatus(SIGSEGV));
        assertThat(controls.experiment())
                .contains(new ProgramRecord(OptionalInt.empty(), OptionalInt.of(SIGSEGV), "", ""));
    }

    /** The files have the rest. */
    @Test
    void theRecordHasTheBeginningOfWhatWasPrinted() {
        controls.isExperiment("trial");
        prints(program("trial"), 1, "x".repeat(20_000));
        assertThat(controls.experiment().orElseThrow().stdout()).hasSize(16_384);
    }

    @Test
    void tellsOfOutputThatWasNotKept() {
        controls.addUnstarted("load", "it is missing");
        assertThat(controls.notes()).isEmpty();
        ProcessWatch nowhere = new ProcessWatch(1, folder.resolve("missing/program"), new ExpectedEnd.Any());
        controls.addProgram("trial", nowhere);
        prints(nowhere, 1, "lost");
        assertThat(controls.notes()).singleElement().asString().startsWith("program.stdout could not be written");
    }

    /** A machine that goes on with each process under a watch of its own. */
    private static final class Restored implements Snapshots {
        private final Map<ProcessWatch, Path> outputs = new HashMap<>();

        @Override
        public Snapshot freeze() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void freezeStanding(Path folder) {
            throw new UnsupportedOperationException();
        }

        @Override
        public ProcessWatch restored(ProcessWatch before, Path output) {
            outputs.put(before, output);
            return new ProcessWatch(2, output, new ExpectedEnd.UntilTheEnd());
        }
    }

    @Test
    void goesOnWithTheProcessesOfTheMachineThatItWasRestoredFrom() {
        ProcessWatch load = program("load");
        ProcessWatch parked = process();
        controls.addWorker("parked", parked);
        controls.addUnstarted("missing", "it is missing");
        Restored machine = new Restored();
        ProcessControls after = new ProcessControls();
        after.restore(controls, machine, folder.resolve("run-2/console.log"));

        assertThat(machine.outputs)
                .containsOnly(
                        Map.entry(load, folder.resolve("run-2/load")),
                        Map.entry(parked, folder.resolve("run-2/parked")));
        exits(load, 1);
        exits(parked, 1);
        assertThat(after.read())
                .as("judged by the new watches")
                .containsExactly(ended("load", true), ended("missing", false));
        assertThat(after.failures()).containsOnly(Map.entry("exit:missing", "it did not start: it is missing"));
    }
}
