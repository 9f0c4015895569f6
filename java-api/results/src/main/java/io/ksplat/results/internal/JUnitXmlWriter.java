// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.xml.stream.XMLStreamException;

/**
 * JUnit XML as Jenkins and GitLab read it. Deterministic: no time stamps, runs in their order. A failure is the kernel's (another
 * verdict than expected), an error ksplat's own, skipped what the kernel does not support. Each attempt has a name of its own:
 * GitLab drops all but one of those that share a name.
 */
final class JUnitXmlWriter {
    private JUnitXmlWriter() {}

    static void write(OutputStream out, String reproducer, List<RunRecord> runs) throws IOException {
        long totalMs = runs.stream().mapToLong(run -> run.timings().totalMs()).sum();
        XmlDocument.write(out, xml -> {
            xml.start("testsuite");
            xml.attribute("name", reproducer);
            xml.attribute("tests", Integer.toString(runs.size()));
            xml.attribute("failures", count(runs, TestStatus.FAILURE));
            xml.attribute("errors", count(runs, TestStatus.ERROR));
            xml.attribute("skipped", count(runs, TestStatus.SKIPPED));
            xml.attribute("time", seconds(totalMs));
            for (RunRecord run : runs) {
                testcase(xml, run);
            }
            xml.end();
        });
    }

    private static void testcase(XmlDocument xml, RunRecord run) throws XMLStreamException {
        xml.start("testcase");
        xml.attribute("classname", "ksplat." + run.reproducer());
        xml.attribute("name", run.kernel().key() + " #" + run.attempt());
        xml.attribute("time", seconds(run.timings().totalMs()));
        properties(xml, run);
        outcome(xml, run);
        xml.start("system-out");
        StringBuilder out = new StringBuilder("\n");
        run.notes().forEach(note -> out.append(note).append('\n'));
        String folder = RunFolder.name(run);
        out.append("[[ATTACHMENT|").append(folder).append("/console.log]]\n");
        out.append("[[ATTACHMENT|").append(folder).append("/evidence.json]]\n");
        xml.text(out.toString());
        xml.end();
        xml.end();
    }

    private static void properties(XmlDocument xml, RunRecord run) throws XMLStreamException {
        xml.start("properties");
        property(xml, "verdict", run.verdict().name());
        property(xml, "expected", run.expected().name());
        property(xml, "kernel.spec", run.kernel().spec());
        property(xml, "kernel.release", run.kernel().release());
        property(xml, "kernel.key", run.kernel().key());
        Optional<String> config = run.kernel().config();
        if (config.isPresent()) {
            property(xml, "kernel.config", config.get());
        }
        property(xml, "accelerator", run.accelerator());
        property(xml, "origin", run.origin());
        property(xml, "bootRetries", Integer.toString(run.bootRetries()));
        int source = 0;
        for (NmiRecord nmi : run.nmis()) {
            property(xml, "nmi." + ++source, nmi.toString());
        }
        for (Control control : run.controls()) {
            property(xml, "control." + control.name(), control.observed() + " of " + control.bound());
        }
        int found = 0;
        for (Evidence evidence : run.evidence()) {
            String facts = EvidenceFacts.of(evidence);
            property(
                    xml,
                    "evidence." + ++found,
                    evidence.kind().id() + ": " + evidence.title() + (facts.isEmpty() ? "" : ". " + facts));
        }
        xml.end();
    }

    private static void property(XmlDocument xml, String name, String value) throws XMLStreamException {
        xml.empty("property").attribute("name", name).attribute("value", value);
    }

    private static void outcome(XmlDocument xml, RunRecord run) throws XMLStreamException {
        TestStatus outcome = TestStatus.of(run);
        if (outcome == TestStatus.PASSED) {
            return;
        }
        xml.start(outcome.element());
        xml.attribute("message", TestStatus.summary(run));
        if (outcome != TestStatus.SKIPPED) {
            xml.attribute("type", run.verdict().name());
            StringBuilder detail = new StringBuilder();
            for (Evidence found : run.evidence()) {
                detail.append('\n').append(EvidenceText.of(found));
            }
            xml.text(detail.toString());
        }
        xml.end();
    }

    private static String count(List<RunRecord> runs, TestStatus outcome) {
        return Long.toString(
                runs.stream().filter(run -> TestStatus.of(run) == outcome).count());
    }

    private static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.3f", millis / 1000.0);
    }
}
