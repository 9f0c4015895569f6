// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * JUnit XML as Jenkins and GitLab read it. Deterministic: no time stamps, runs in their order. A failure is the kernel's (another
 * verdict than expected), an error ksplat's own, skipped what the kernel does not support.
 */
final class JUnitXml {
    private JUnitXml() {}

    static byte[] suite(String reproducer, List<RunRecord> runs) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newInstance().createXMLStreamWriter(bytes, "UTF-8");
            xml.writeStartDocument("UTF-8", "1.0");
            line(xml, 0);
            xml.writeStartElement("testsuite");
            attribute(xml, "name", reproducer);
            attribute(xml, "tests", Integer.toString(runs.size()));
            attribute(xml, "failures", count(runs, Outcome.FAILURE));
            attribute(xml, "errors", count(runs, Outcome.ERROR));
            attribute(xml, "skipped", count(runs, Outcome.SKIPPED));
            attribute(
                    xml,
                    "time",
                    seconds(runs.stream()
                            .mapToLong(run -> run.timings().totalMs())
                            .sum()));
            for (RunRecord run : runs) {
                testcase(xml, run);
            }
            line(xml, 0);
            xml.writeEndElement();
            xml.writeEndDocument();
            xml.writeCharacters("\n");
            xml.close();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("cannot write XML to memory", e);
        }
        return bytes.toByteArray();
    }

    private static void testcase(XMLStreamWriter xml, RunRecord run) throws XMLStreamException {
        line(xml, 1);
        xml.writeStartElement("testcase");
        attribute(xml, "classname", "ksplat." + run.reproducer());
        attribute(xml, "name", run.kernel().key() + " #" + run.attempt());
        attribute(xml, "time", seconds(run.timings().totalMs()));
        line(xml, 2);
        xml.writeStartElement("properties");
        property(xml, "verdict", run.verdict().name());
        property(xml, "expected", run.expected().name());
        property(xml, "kernel.spec", run.kernel().spec());
        property(xml, "kernel.release", run.kernel().release());
        property(xml, "kernel.key", run.kernel().key());
        if (run.kernel().config().isPresent()) {
            property(xml, "kernel.config", run.kernel().config().get());
        }
        property(xml, "accelerator", run.accelerator());
        property(xml, "origin", run.origin());
        property(xml, "bootRetries", Integer.toString(run.bootRetries()));
        int source = 0;
        for (String nmi : run.nmis()) {
            property(xml, "nmi." + ++source, nmi);
        }
        for (Control control : run.controls()) {
            property(xml, "control." + control.name(), control.observed() + " of " + control.required());
        }
        line(xml, 2);
        xml.writeEndElement();
        outcome(xml, run);
        line(xml, 2);
        xml.writeStartElement("system-out");
        StringBuilder out = new StringBuilder("\n");
        run.notes().forEach(note -> out.append(note).append('\n'));
        String folder = RunFolder.name(run);
        out.append("[[ATTACHMENT|").append(folder).append("/console.log]]\n");
        out.append("[[ATTACHMENT|").append(folder).append("/evidence.json]]\n");
        text(xml, out.toString());
        xml.writeEndElement();
        line(xml, 1);
        xml.writeEndElement();
    }

    private static void outcome(XMLStreamWriter xml, RunRecord run) throws XMLStreamException {
        Outcome outcome = Outcome.of(run);
        if (outcome == Outcome.PASSED) {
            return;
        }
        line(xml, 2);
        xml.writeStartElement(outcome.element());
        attribute(xml, "message", Outcome.summary(run));
        if (outcome != Outcome.SKIPPED) {
            attribute(xml, "type", run.verdict().name());
            StringBuilder detail = new StringBuilder();
            for (Evidence found : run.evidence()) {
                detail.append('\n').append(EvidenceText.of(found));
            }
            text(xml, detail.toString());
        }
        xml.writeEndElement();
    }

    private static String count(List<RunRecord> runs, Outcome outcome) {
        return Long.toString(
                runs.stream().filter(run -> Outcome.of(run) == outcome).count());
    }

    private static void property(XMLStreamWriter xml, String name, String value) throws XMLStreamException {
        line(xml, 3);
        xml.writeEmptyElement("property");
        attribute(xml, "name", name);
        attribute(xml, "value", value);
    }

    private static void attribute(XMLStreamWriter xml, String name, String value) throws XMLStreamException {
        xml.writeAttribute(name, clean(value));
    }

    private static void text(XMLStreamWriter xml, String text) throws XMLStreamException {
        xml.writeCharacters(clean(text));
    }

    /** A console may hold what XML 1.0 cannot: such characters become U+FFFD. */
    static String clean(String text) {
        return text.codePoints()
                .map(c ->
                        c == '\n' || c == '\t' || (c >= 0x20 && c < 0xd800) || (c >= 0xe000 && c < 0xfffe) || c > 0xffff
                                ? c
                                : 0xfffd)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static void line(XMLStreamWriter xml, int depth) throws XMLStreamException {
        xml.writeCharacters("\n" + "  ".repeat(depth));
    }

    private static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.3f", millis / 1000.0);
    }
}
