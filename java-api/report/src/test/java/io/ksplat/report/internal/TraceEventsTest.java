// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunRecord;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.internal.StoredRun;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/**
 * A trace against the rules of the Trace Event Format, which viewers hold it to without a word: what breaks them is not drawn.
 */
class TraceEventsTest {
    private static final Set<String> PHASES = Set.of("M", "X", "i", "s", "f");

    private static List<JsonNode> trace(RunRecord run) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TraceEvents.write(out, new StoredRun(run, Instant.EPOCH, Instant.EPOCH));
        JsonNode events = new ObjectMapper().readTree(out.toByteArray()).path("traceEvents");
        assertThat(events.isArray()).isTrue();
        return StreamSupport.stream(events.spliterator(), false).toList();
    }

    private static List<JsonNode> valid(RunRecord run) throws IOException {
        List<JsonNode> events = trace(run);
        for (JsonNode event : events) {
            String phase = event.path("ph").asText();
            assertThat(phase).as("%s", event).isIn(PHASES);
            assertThat(event.path("name").isTextual()).as("%s", event).isTrue();
            for (String number : List.of("pid", "tid", "ts")) {
                assertThat(event.path(number).isIntegralNumber())
                        .as("%s", event)
                        .isTrue();
            }
            assertThat(event.path("ts").asLong()).as("%s", event).isNotNegative();
            if (phase.equals("i")) {
                assertThat(event.path("s").asText()).as("%s", event).isIn("g", "p", "t");
            }
            if (phase.equals("X")) {
                assertThat(event.path("dur").asLong()).as("%s", event).isPositive();
            }
        }
        assertNamed(events);
        threads(events).forEach(thread -> assertNested(of(events, "X", thread)));
        assertPaired(events);
        return events;
    }

    private static List<Integer> threads(List<JsonNode> events) {
        return events.stream()
                .map(event -> event.path("tid").asInt())
                .distinct()
                .sorted()
                .toList();
    }

    private static List<JsonNode> of(List<JsonNode> events, String phase, int thread) {
        return events.stream()
                .filter(event -> event.path("ph").asText().equals(phase)
                        && event.path("tid").asInt() == thread)
                .toList();
    }

    private static List<String> names(List<JsonNode> events, String phase) {
        return events.stream()
                .filter(event -> event.path("ph").asText().equals(phase))
                .map(event -> event.path("name").asText())
                .toList();
    }

    /** One process, which has a name, as each of its threads. */
    private static void assertNamed(List<JsonNode> events) {
        assertThat(events).allMatch(event -> event.path("pid").asInt() == 1);
        assertThat(names(events, "M")).containsOnlyOnce("process_name");
        for (int thread : threads(events)) {
            assertThat(of(events, "M", thread).stream()
                            .filter(event -> event.path("name").asText().equals("thread_name"))
                            .filter(event ->
                                    !event.path("args").path("name").asText().isEmpty()))
                    .as("names of thread %d", thread)
                    .hasSize(1);
        }
    }

    /** Of two slices of a thread one is in the other, or they do not touch. */
    private static void assertNested(List<JsonNode> slices) {
        Deque<Long> ends = new ArrayDeque<>();
        List<JsonNode> sorted = new ArrayList<>(slices);
        sorted.sort(
                Comparator.comparingLong((JsonNode slice) -> slice.path("ts").asLong())
                        .thenComparing(slice -> -slice.path("dur").asLong()));
        for (JsonNode slice : sorted) {
            long begin = slice.path("ts").asLong();
            long end = begin + slice.path("dur").asLong();
            while (!ends.isEmpty() && ends.peek() <= begin) {
                ends.pop();
            }
            assertThat(ends.isEmpty() || end <= ends.peek())
                    .as("%s nests", slice)
                    .isTrue();
            ends.push(end);
        }
    }

    /** An arrow begins once and ends once, later, each time in a slice: viewers bind it to that. */
    private static void assertPaired(List<JsonNode> events) {
        Map<Integer, JsonNode> begun = new HashMap<>();
        Map<Integer, JsonNode> ended = new HashMap<>();
        for (JsonNode event : events) {
            String phase = event.path("ph").asText();
            if (phase.equals("s") || phase.equals("f")) {
                int id = event.path("id").asInt(-1);
                assertThat((phase.equals("s") ? begun : ended).put(id, event))
                        .as("%s is the only one", event)
                        .isNull();
                long at = event.path("ts").asLong();
                assertThat(of(events, "X", event.path("tid").asInt()))
                        .as("%s is in a slice", event)
                        .anyMatch(slice -> slice.path("ts").asLong() <= at
                                && at
                                        < slice.path("ts").asLong()
                                                + slice.path("dur").asLong());
            }
        }
        assertThat(begun.keySet()).isEqualTo(ended.keySet());
        begun.forEach((id, event) -> {
            JsonNode end = ended.get(id);
            assertThat(end.path("bp").asText()).isEqualTo("e");
            assertThat(List.of(end.path("name"), end.path("cat")))
                    .as("what binds an end to its beginning")
                    .isEqualTo(List.of(event.path("name"), event.path("cat")));
            assertThat(end.path("ts").asLong()).isGreaterThan(event.path("ts").asLong());
        });
    }

    private static RunRecord dead(List<NmiRecord> nmis, Evidence... evidence) {
        return Reports.run("dead", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, evidence).toBuilder()
                .nmis(nmis)
                .build();
    }

    private static NmiRecord nmi(int cpu, long atMs) {
        return new NmiRecord(
                "storm",
                OptionalInt.of(cpu),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.of(atMs));
    }

    /** An NMI that waits for what another CPU holds, or a task of unknown place. */
    private static Evidence waits(int cpu, OptionalInt holder, String lock) {
        Task task = new Task("worker", 100 + cpu);
        return Evidence.builder(EvidenceKind.CPU_STUCK, "stuck", "stuck:" + cpu)
                .cpu(OptionalInt.of(cpu))
                .details(new Details.Waits(
                        List.of(new Details.Wait(
                                OptionalInt.of(cpu),
                                Optional.of(task),
                                "NMI",
                                new LockRef(lock, Optional.empty(), Optional.empty()),
                                1,
                                OptionalInt.empty(),
                                Optional.of(new Details.Owner("task", holder, Optional.of(task), "word", false)))),
                        List.of()))
                .build();
    }

    @Test
    void keepsTheRulesWhereAnNmiWaitsForTheTaskBelowIt() throws IOException {
        List<JsonNode> events =
                valid(Reports.run("dead", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, Reports.nested(Reports.LOCK, true)));
        assertThat(names(events, "X")).contains("task init/113 holds " + Reports.LOCK, "NMI waits for " + Reports.LOCK);
        assertThat(names(events, "i")).anyMatch(name -> name.startsWith("NMI at rcu_cblist_enqueue"));
        assertThat(names(events, "s")).hasSize(1);
    }

    /** Samples that begin before an NMI and end after it stand beside the CPU's own slices, which must nest. */
    @Test
    void keepsTheRulesWhereSamplesGoOnThroughAnNmi() throws IOException {
        RunRecord run = dead(List.of(nmi(0, 1500)), waits(0, OptionalInt.of(0), "lock")).toBuilder()
                .samples(List.of(
                        new SampledSpan(0, 1000, 1600, "kernel", 7, List.of("vfs_unlink")),
                        new SampledSpan(0, 1600, 1600, "irqs-off", 1, List.of())))
                .build();
        assertThat(names(valid(run), "X"))
                .contains("kernel, in vfs_unlink (7 samples)", "kernel, interrupts off (1 sample)");
    }

    /** Of an NMI that came back nothing waits. */
    @Test
    void keepsTheRulesInAStorm() throws IOException {
        List<JsonNode> events = valid(
                dead(List.of(nmi(0, 1000), nmi(0, 1500), nmi(1, 1600), nmi(0, 2000)), Reports.nested("lock", false)));
        assertThat(names(events, "X").stream().filter(name -> name.startsWith("NMI waits")))
                .hasSize(1);
        assertThat(names(events, "i").stream().filter(name -> name.startsWith("NMI")))
                .hasSize(4);
    }

    @Test
    void keepsTheRulesWhereTwoCpusWaitForEachOther() throws IOException {
        List<JsonNode> events = valid(dead(
                List.of(nmi(0, 1500), nmi(1, 1000)),
                waits(0, OptionalInt.of(1), "first"),
                waits(1, OptionalInt.of(0), "second")));
        assertThat(names(events, "s")).hasSize(2);
    }

    @Test
    void drawsNoArrowToWhoeverHoldsALockOnNoKnownCpu() throws IOException {
        List<JsonNode> events = valid(dead(List.of(nmi(0, 1500)), waits(0, OptionalInt.empty(), "lock")));
        assertThat(names(events, "X")).contains("NMI waits for lock");
        assertThat(names(events, "s")).isEmpty();
    }

    @Test
    void keepsTheRulesOfARunThatIsClean() throws IOException {
        assertThat(names(valid(Reports.run("clean", 1, Verdict.CLEAN, Verdict.CLEAN)), "X"))
                .containsExactly("run: CLEAN");
    }
}
