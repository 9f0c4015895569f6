// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLStreamException;

/**
 * JUnit XML as Jenkins (its JUnit plugin, and the schema of its xUnit plugin) and GitLab read it. Deterministic: no time stamps, runs in their order.
 * A failure is the kernel's (another verdict than expected), an error ksplat's own, skipped what the kernel does not support. GitLab shows what an element
 * holds and not its message, so both have it, and drops all but one of the test cases of a name, so each has its own.
 */
final class JUnitXmlWriter {
    private static final String ATTACHMENT = "[[ATTACHMENT|";

    private final XmlDocument xml;
    private final Path report;
    private final Map<String, Integer> names = new HashMap<>();

    private JUnitXmlWriter(XmlDocument xml, Path report) {
        this.xml = xml;
        this.report = report;
    }

    /**
     * Writes the runs of one reproducer.
     *
     * @param report the folder of the report
     */
    static void write(OutputStream out, String reproducer, List<RunRecord> runs, Path report) throws IOException {
        long totalMs = runs.stream().mapToLong(run -> run.timings().totalMs()).sum();
        XmlDocument.write(out, xml -> {
            xml.start("testsuite");
            xml.attribute("name", reproducer);
            xml.attribute("tests", Integer.toString(runs.size()));
            xml.attribute("failures", count(runs, TestStatus.FAILURE));
            xml.attribute("errors", count(runs, TestStatus.ERROR));
            xml.attribute("skipped", count(runs, TestStatus.SKIPPED));
            xml.attribute("time", seconds(totalMs));
            JUnitXmlWriter writer = new JUnitXmlWriter(xml, report);
            for (RunRecord run : runs) {
                writer.testcase(run);
            }
            xml.end();
        });
    }

    private void testcase(RunRecord run) throws XMLStreamException {
        String name = run.kernel().key() + " #" + run.attempt();
        int again = names.merge(name, 1, Integer::sum);
        xml.start("testcase");
        xml.attribute("classname", "ksplat." + run.reproducer());
        xml.attribute("name", again == 1 ? name : name + " (" + again + ")");
        xml.attribute("time", seconds(run.timings().totalMs()));
        outcome(run);
        xml.start("system-out");
        xml.text(untagged(facts(run)) + attachment(run, "console.log") + attachment(run, "evidence.json"));
        xml.end();
        xml.end();
    }

    /** Properties of a test case would say it, but the schema of Jenkins' xUnit plugin has none. */
    private static String facts(RunRecord run) {
        StringBuilder facts = new StringBuilder("\n");
        fact(facts, "verdict", run.verdict().name());
        fact(facts, "expected", run.expected().name());
        fact(facts, "kernel.spec", run.kernel().spec());
        fact(facts, "kernel.release", run.kernel().release());
        fact(facts, "kernel.key", run.kernel().key());
        run.kernel().config().ifPresent(config -> fact(facts, "kernel.config", config));
        fact(facts, "accelerator", run.accelerator());
        fact(facts, "origin", run.origin());
        fact(facts, "bootRetries", Integer.toString(run.bootRetries()));
        for (NmiRecord nmi : run.nmis()) {
            fact(facts, "nmi", nmi.toString());
        }
        for (Control control : run.controls()) {
            fact(facts, "control." + control.name(), control.observed() + " of " + control.bound());
        }
        for (Evidence evidence : run.evidence()) {
            String more = EvidenceFacts.of(evidence);
            fact(
                    facts,
                    "evidence",
                    evidence.kind().id() + ": " + evidence.title() + (more.isEmpty() ? "" : ". " + more));
        }
        run.notes().forEach(note -> facts.append(note).append('\n'));
        return facts.toString();
    }

    private static void fact(StringBuilder facts, String name, String value) {
        facts.append(name).append(": ").append(value).append('\n');
    }

    /** A title or a note is the guest's, and Jenkins would attach any file of its agent that one names. */
    static String untagged(String text) {
        return text.replace(ATTACHMENT, "[ [ATTACHMENT|");
    }

    /** Both look for it below the folder of the job, in which ksplat runs. A name may hold what no path can. */
    private String attachment(RunRecord run, String file) {
        Path job = Path.of("").toAbsolutePath();
        Path whole = report.toAbsolutePath().normalize();
        String place = whole.startsWith(job) ? job.relativize(whole).toString() : "";
        String path = (place.isEmpty() ? "" : place + "/") + RunFolder.name(run) + "/" + file;
        // Else the tag could not be read back.
        return path.matches("[^\\[\\]|\\r\\n]+") ? ATTACHMENT + path + "]]\n" : "";
    }

    private void outcome(RunRecord run) throws XMLStreamException {
        TestStatus outcome = TestStatus.of(run);
        if (outcome == TestStatus.PASSED) {
            return;
        }
        xml.start(outcome.element());
        xml.attribute("message", TestStatus.summary(run));
        StringBuilder detail = new StringBuilder(TestStatus.summary(run));
        if (outcome != TestStatus.SKIPPED) {
            xml.attribute("type", run.verdict().name());
            for (Evidence found : run.evidence()) {
                detail.append('\n').append(EvidenceText.of(found));
            }
        }
        xml.text(untagged(detail.toString()));
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
