// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

    private static List<Path> logs() {
        return Logs.golden().stream()
                .filter(log -> NOT_THESE.stream().noneMatch(log.getFileName().toString()::startsWith))
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
