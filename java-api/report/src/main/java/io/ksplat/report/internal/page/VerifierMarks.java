// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The verifier's log, with the instruction that it refused and the source line before it marked. */
final class VerifierMarks {
    private static final Pattern INSTRUCTION = Pattern.compile("\\d+: \\([0-9a-f]{2}\\) .*");
    private static final long MOST_LINES = 500_000;

    private VerifierMarks() {}

    static Optional<LogView> of(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        long number = 0;
        long instruction = 0;
        long source = 0;
        long sourceOfInstruction = 0;
        var decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(Files.newInputStream(file), decoder))) {
            String line;
            while ((line = lines.readLine()) != null && number < MOST_LINES) {
                number++;
                if (line.startsWith("; ")) {
                    source = number;
                } else if (INSTRUCTION.matcher(line).matches()) {
                    instruction = number;
                    sourceOfInstruction = source;
                }
            }
        }
        NavigableMap<Long, String> marks = new TreeMap<>();
        if (instruction > 0) {
            marks.put(instruction, "refused");
        }
        if (sourceOfInstruction > 0) {
            marks.put(sourceOfInstruction, "refused-source");
        }
        return LogView.of(file, marks);
    }
}
