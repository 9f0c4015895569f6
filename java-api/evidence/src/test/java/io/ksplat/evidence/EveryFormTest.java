// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same evidence in every one of the {@link Forms}. */
class EveryFormTest {
    /** Logs that each form is tried on, if not on all. */
    private static final int SOME = 3;

    /** Each log is written in a form of its own already, or an NMI's single line in it needs the kernel's own stamp. */
    private static final List<String> NOT_THESE = List.of(
            "netconsole-interleaved",
            "arm64-oops-journal",
            "rqspinlock-stream",
            "riscv-bug-dmesg-x",
            "nmi-inconsistent");

    /**
     * Open: reports of several machines, or of a single line each, in one file. Of 21,160 pairs of a log and a form 408 lost something,
     * all with these.
     */
    private static final List<String> NOT_YET = List.of(
            "arc-fault",
            "atomic-of-every-kind",
            "bad-pages",
            "dentry-and-slab-of-old",
            "hard-lockup-of-old-kernels",
            "hung-task-rtmutex-quoted",
            "hung-task-that-cannot-die",
            "lockdep-held-of-five-boots",
            "lockdep-limits-and-keys",
            "nmis-and-irqs",
            "panics-of-every-kind",
            "rcu-stall-suppressed",
            "riscv-mips-parisc-faults",
            "rust-and-other-voices",
            "sched-ext-stalls",
            "unwinder-warnings",
            "warnings-in-every-form",
            "x86-exceptions");

    private static List<Path> logs() {
        return Logs.golden().stream()
                .filter(log -> Stream.concat(NOT_THESE.stream(), NOT_YET.stream())
                        .noneMatch(log.getFileName().toString()::startsWith))
                .toList();
    }

    static List<String> forms() {
        return List.copyOf(Forms.all().keySet());
    }

    @ParameterizedTest
    @MethodSource("forms")
    void someLogs(String form) {
        List<Path> logs = logs();
        int first = forms().indexOf(form) * SOME;
        for (int i = 0; i < SOME; i++) {
            assertSame(form, logs.get((first + i) % logs.size()));
        }
    }

    @Test
    @Tag("full")
    void allLogs() {
        for (String form : forms()) {
            logs().forEach(log -> assertSame(form, log));
        }
    }

    private static void assertSame(String form, Path log) {
        Map<String, Forms.OfText> forms = Forms.all();
        List<Forms.Record> records = Forms.records(Logs.bytes(log));
        if (!Forms.keepsCallers(form)) {
            records = records.stream()
                    .map(record -> new Forms.Record(record.seconds(), "", record.text()))
                    .toList();
        }
        List<Evidence> plain = ConsoleParser.parse(Forms.written(records));
        List<Evidence> formed = ConsoleParser.parse(forms.get(form).of(records));
        boolean loses = Forms.loses(form);
        assertThat(facts(formed, loses)).as(log.getFileName() + " as " + form).isEqualTo(facts(plain, loses));
    }

    /** @param loses whether the form loses lines' ends or beginnings, so that only what was found, and where, remains */
    private static List<List<Object>> facts(List<Evidence> found, boolean loses) {
        List<List<Object>> facts = new ArrayList<>();
        for (Evidence each : found) {
            List<Object> those = new ArrayList<>(List.of(each.kind()));
            if (!loses) {
                those.addAll(List.of(
                        each.title(),
                        each.cpu(),
                        each.task(),
                        each.seconds(),
                        each.locks(),
                        each.cycle(),
                        each.inFlight(),
                        each.blocked(),
                        each.preemptCount(),
                        each.stacks()));
            }
            facts.add(those);
        }
        return facts;
    }
}
