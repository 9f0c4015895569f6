// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks kind, type and title for the text of each of the kernel's printers, old and new, on several architectures. The texts in
 * {@code kinds/*.txt} were written by hand after the printers. Each begins with {@code # kind | type | title}, or with
 * {@code # silent} if it is not evidence.
 */
class ReportKindsTest {
    private static final List<EvidenceKind> NOT_ON_A_CONSOLE = List.of(
            EvidenceKind.CPU_STUCK,
            EvidenceKind.CPU_BUSY,
            EvidenceKind.TASK_BLOCKED,
            EvidenceKind.MACHINE_LOST,
            EvidenceKind.LOCK_REFUSED,
            EvidenceKind.VERIFIER);

    record Case(String file, String expected, String text) {
        @Override
        public String toString() {
            return file + ": " + text.lines().findFirst().orElse("");
        }
    }

    static List<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (Path file : Logs.texts("kinds")) {
            String name = file.getFileName().toString();
            String[] parts = ("\n" + Files.readString(file, StandardCharsets.ISO_8859_1)).split("\n# ", -1);
            // the first part is the licence
            for (String part : List.of(parts).subList(2, parts.length)) {
                int end = part.indexOf('\n');
                cases.add(new Case(name, part.substring(0, end), part.substring(end + 1)));
            }
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aReportIsOfItsKind(Case given) {
        List<String> found = ConsoleParser.parse(Logs.bytes(given.text())).stream()
                .map(evidence -> evidence.kind().id() + " | " + evidence.type() + " | " + evidence.title())
                .toList();
        assertThat(found).isEqualTo(given.expected().equals("silent") ? List.of() : List.of(given.expected()));
    }

    @Test
    void everyKindThatAConsoleCanShowHasACase() throws IOException {
        List<String> shown =
                cases().stream().map(given -> given.expected().split(" ", 2)[0]).toList();
        for (EvidenceKind kind : EvidenceKind.values()) {
            if (!NOT_ON_A_CONSOLE.contains(kind)) {
                assertThat(shown).contains(kind.id());
            }
        }
    }
}
