// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.internal.campaign.PatchRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import javax.xml.stream.XMLStreamException;

/** A patch trial as JUnit XML, in the dialect of {@link JUnitXmlWriter}. */
public final class PatchXmlWriter {
    private PatchXmlWriter() {}

    /** Writes the document. */
    public static void write(OutputStream out, PatchRecord trial) throws IOException {
        List<TrialTest> tests = TrialTest.of(trial);
        XmlDocument.write(out, xml -> {
            xml.start("testsuite");
            xml.attribute("name", "patch");
            xml.attribute("tests", Integer.toString(tests.size()));
            xml.attribute("failures", count(tests, TestStatus.FAILURE));
            xml.attribute("errors", count(tests, TestStatus.ERROR));
            xml.attribute("skipped", count(tests, TestStatus.SKIPPED));
            for (TrialTest test : tests) {
                write(xml, test);
            }
            xml.end();
        });
    }

    private static void write(XmlDocument xml, TrialTest test) throws XMLStreamException {
        String why = JUnitXmlWriter.untagged(test.why());
        xml.start("testcase");
        xml.attribute("classname", "ksplat.patch");
        xml.attribute("name", test.name());
        if (test.status() != TestStatus.PASSED) {
            xml.start(test.status().element());
            xml.attribute("message", why);
            xml.text(why);
            xml.end();
        }
        xml.start("system-out");
        xml.text(why);
        xml.end();
        xml.end();
    }

    private static String count(List<TrialTest> tests, TestStatus status) {
        return Long.toString(
                tests.stream().filter(test -> test.status() == status).count());
    }
}
