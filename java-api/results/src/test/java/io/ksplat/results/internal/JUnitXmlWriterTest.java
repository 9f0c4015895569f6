// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class JUnitXmlWriterTest {
    private static Element suite(RunRecord... runs) throws Exception {
        byte[] xml = written("nmi-task-kptr", List.of(runs));
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(xml))
                .getDocumentElement();
    }

    private static byte[] written(String reproducer, List<RunRecord> runs) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JUnitXmlWriter.write(out, reproducer, runs, Path.of("ksplat-report"));
        return out.toByteArray();
    }

    private static RunRecord run(Verdict verdict, Verdict expected) {
        return Runs.run("nmi-task-kptr", 1, verdict, expected);
    }

    private static List<Element> children(Element parent, String name) {
        List<Element> all = new ArrayList<>();
        NodeList nodes = parent.getChildNodes();
        for (int i = 0; i < nodes.getLength(); i++) {
            if (nodes.item(i) instanceof Element element && element.getTagName().equals(name)) {
                all.add(element);
            }
        }
        return all;
    }

    private static Element only(Element parent, String name) {
        assertThat(children(parent, name)).hasSize(1);
        return children(parent, name).get(0);
    }

    @Test
    void countsFailuresErrorsAndSkippedApart() throws Exception {
        Element suite = suite(
                run(Verdict.DEADLOCK, Verdict.DEADLOCK),
                run(Verdict.CLEAN, Verdict.DEADLOCK),
                run(Verdict.INCONCLUSIVE, Verdict.CLEAN),
                run(Verdict.ERROR, Verdict.CLEAN),
                run(Verdict.UNSUPPORTED, Verdict.UNSUPPORTED),
                run(Verdict.UNSUPPORTED, Verdict.DEADLOCK));
        assertThat(suite.getTagName()).isEqualTo("testsuite");
        assertThat(suite.getAttribute("name")).isEqualTo("nmi-task-kptr");
        assertThat(suite.getAttribute("tests")).isEqualTo("6");
        assertThat(suite.getAttribute("failures")).isEqualTo("3");
        assertThat(suite.getAttribute("errors")).isEqualTo("1");
        assertThat(suite.getAttribute("skipped")).isEqualTo("1");
        assertThat(suite.getAttribute("time")).isEqualTo("15.000");
        List<Element> cases = children(suite, "testcase");
        assertThat(cases).hasSize(6);
        for (String name : List.of("failure", "error", "skipped")) {
            assertThat(children(cases.get(0), name)).isEmpty();
        }
        assertThat(only(cases.get(1), "failure").getAttribute("message"))
                .isEqualTo("CLEAN, expected DEADLOCK: no evidence");
        assertThat(only(cases.get(1), "failure").getAttribute("type")).isEqualTo("CLEAN");
        assertThat(only(cases.get(3), "error").getAttribute("type")).isEqualTo("ERROR");
        assertThat(only(cases.get(4), "skipped").getAttribute("message")).startsWith("UNSUPPORTED");
        assertThat(children(cases.get(5), "failure")).hasSize(1);
    }

    @Test
    void anErrorIsNeverWhatWasExpected() throws Exception {
        Element suite = suite(run(Verdict.ERROR, Verdict.ERROR));
        assertThat(suite.getAttribute("errors")).isEqualTo("1");
        assertThat(suite.getAttribute("failures")).isEqualTo("0");
    }

    @Test
    void saysOfARunWhatWasSeenAndWhere() throws Exception {
        Element test = only(suite(run(Verdict.DEADLOCK, Verdict.CLEAN)), "testcase");
        assertThat(test.getAttribute("classname")).isEqualTo("ksplat.nmi-task-kptr");
        assertThat(test.getAttribute("name")).isEqualTo("7.2.13-cloud #1");
        assertThat(test.getAttribute("time")).isEqualTo("2.500");
        assertThat(only(test, "system-out").getTextContent().strip().lines())
                .containsExactly(
                        "verdict: DEADLOCK",
                        "expected: CLEAN",
                        "kernel.spec: debian:7.2",
                        "kernel.release: 7.2.13+deb14-cloud-amd64",
                        "kernel.key: 7.2.13-cloud",
                        "kernel.config: 0123456789ab",
                        "accelerator: tcg",
                        "origin: boot",
                        "bootRetries: 1",
                        "nmi: aimed at rcu_cblist_enqueue+0x0 on CPU 0",
                        "nmi: storm of 100/s, jitter 0.5, seed 7",
                        "control.nmi: 1 of 1",
                        "control.freed:delayed_put_task_struct: 1 of 2",
                        "evidence: lockdep-circular: possible deadlock",
                        "NMI on CPU 0 at rcu_cblist_enqueue+0x0",
                        "[[ATTACHMENT|ksplat-report/nmi-task-kptr/7.2.13-cloud/1/console.log]]",
                        "[[ATTACHMENT|ksplat-report/nmi-task-kptr/7.2.13-cloud/1/evidence.json]]");
        Element failure = only(test, "failure");
        assertThat(failure.getAttribute("message")).isEqualTo("DEADLOCK, expected CLEAN: possible deadlock");
        assertThat(failure.getTextContent()).contains("native_queued_spin_lock_slowpath+0x1b");
    }

    @Test
    void staysWellFormedWhateverAKernelPrints() throws Exception {
        StringBuilder every =
                new StringBuilder("]]> <![CDATA[ </failure> <!-- &amp; &x; \" ' \ud83d\ude00 \ud800x \udc00");
        for (char c = 0; c < 0x100; c++) {
            every.append(c);
        }
        every.append("\u2028\ufffe\uffff");
        String hostile = every.toString();
        RunRecord run = RunRecord.of(hostile, new KernelName(hostile, hostile, hostile), 1)
                .verdict(Verdict.CRASH)
                .message(hostile)
                .evidence(List.of(Runs.deadlock(hostile)))
                .controls(List.of(Control.effect(hostile, 1, 0)))
                .notes(List.of(hostile))
                .nmis(List.of(NmiRecord.of(hostile)))
                .accelerator(hostile)
                .origin(hostile)
                .build();
        byte[] xml = written(hostile, List.of(run));
        assertThat(new String(xml, UTF_8)).startsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        Element test = only(
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new ByteArrayInputStream(xml))
                        .getDocumentElement(),
                "testcase");
        assertThat(only(test, "failure").getTextContent())
                .contains("]]> <![CDATA[ </failure> <!-- &amp; &x; \" ' \ud83d\ude00 \ufffdx \ufffd");
    }

    @Test
    void isTheSameForTheSameRuns() throws IOException {
        List<RunRecord> runs = List.of(run(Verdict.DEADLOCK, Verdict.CLEAN), run(Verdict.CLEAN, Verdict.CLEAN));
        assertThat(written("a", runs)).isEqualTo(written("a", runs));
    }

    /** Else GitLab shows one of them. */
    @Test
    void givesEveryRunANameOfItsOwn() throws Exception {
        KernelName other = new KernelName("debian:7.2/amd64", "7.2.13+deb14-amd64", "7.2.13");
        RunRecord first = run(Verdict.CLEAN, Verdict.CLEAN);
        Element suite = suite(
                first,
                first.toBuilder().attempt(2).build(),
                first.toBuilder().kernel(other).build());
        assertThat(children(suite, "testcase"))
                .extracting(test -> test.getAttribute("name"))
                .containsExactly("7.2.13-cloud #1", "7.2.13-cloud #2", "7.2.13 #1");
    }

    @Test
    void aMismatchIsAFailure() throws Exception {
        Element suite = suite(run(Verdict.DEADLOCK, Verdict.DEADLOCK).toBuilder()
                .mismatch("another lock")
                .build());
        assertThat(suite.getAttribute("failures")).isEqualTo("1");
        assertThat(only(only(suite, "testcase"), "failure").getAttribute("message"))
                .isEqualTo("DEADLOCK, expected DEADLOCK: another lock");
    }
}
