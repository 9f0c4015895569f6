// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.internal.Incidents;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks every fact of reports in the shapes that public bug reports have. The texts in {@code facts/*.txt} were written by hand after the printers of many
 * versions and architectures. Each begins with {@code #### NAME}, and with one line
 * {@code #: kind | function | CPU | task/pid | seconds | first line | count} for each report; without such a line it is no evidence.
 */
class ReportFactsTest {
    record Case(String name, List<String> expected, String text) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (Path file : Logs.texts("facts")) {
            String[] parts = Files.readString(file, StandardCharsets.ISO_8859_1).split("(?m)^#### ", -1);
            // the first part is the licence
            for (String part : List.of(parts).subList(1, parts.length)) {
                List<String> lines = part.lines().toList();
                List<String> expected = lines.stream()
                        .skip(1)
                        .takeWhile(line -> line.startsWith("#: "))
                        .map(line -> line.substring(3))
                        .toList();
                String text = String.join("\n", lines.subList(1 + expected.size(), lines.size())) + "\n";
                cases.add(new Case(lines.get(0), expected, text));
            }
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyFactOfAReportIsRead(Case given) {
        List<Evidence> found = Incidents.together(ConsoleParser.parse(Logs.bytes(given.text())));
        assertThat(found.stream().map(ReportFactsTest::facts).toList()).isEqualTo(given.expected());
    }

    private static String facts(Evidence found) {
        return String.join(
                " | ",
                found.kind().id(),
                found.function().orElse("-"),
                found.cpu().isPresent() ? "CPU " + found.cpu().getAsInt() : "-",
                found.task().map(task -> task.comm() + "/" + task.pid()).orElse("-"),
                found.seconds().isPresent() ? found.seconds().getAsDouble() + " s" : "-",
                "line " + found.line().orElse(0),
                found.count() + (found.count() == 1 ? " time" : " times"));
    }
}
