// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The verifier's log. If it refused the program, the instruction that it refused and the source line before it are marked.
 *
 * @param instruction the refused one; empty if the log names none, or nothing was refused
 * @param source the C that it is from
 * @param file the file of that line, as kernels since 6.10 print it
 * @param line its number; 0 if the log has none
 * @param reason what the verifier said below the instruction
 */
public record VerifierView(
        LogView log, String instruction, String source, String file, long line, List<String> reason) {
    private static final Pattern INSTRUCTION = Pattern.compile("\\d+: \\([0-9a-f]{2}\\) .*");
    /** Registers, and how the verifier tracked them back: not the reason. */
    private static final Pattern STATE = Pattern.compile(
            "\\d+: .*|from \\d+ to \\d+.*|(mark_precise|(cur|old) state:|last_idx|regs=|parent |R\\d+=).*");

    private static final Pattern SOURCE = Pattern.compile("; (.*?)(?: @ (\\S+):(\\d+))?\\s*");
    private static final long MOST_LINES = 500_000;
    private static final int MOST_CHARACTERS = 1 << 16;
    private static final int MOST_REASON = 4;

    public VerifierView {
        reason = List.copyOf(reason);
    }

    /** Reads it, as far as a page shows it. */
    static Optional<VerifierView> of(Path file, boolean refused) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        Scan scan = refused ? Scan.of(file) : new Scan();
        return LogView.of(file, scan.marks()).map(scan::view);
    }

    public boolean isRefused() {
        return !instruction.isEmpty();
    }

    private static final class Scan {
        private long number;
        private long instructionAt;
        private long sourceAt;
        private long sourceOfInstruction;
        private String instruction = "";
        private String source = "";
        private String refusedSource = "";
        private boolean said;
        private final List<String> reason = new ArrayList<>();

        static Scan of(Path file) throws IOException {
            Scan scan = new Scan();
            var decoder = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(Files.newInputStream(file), decoder))) {
                String line;
                while ((line = lines.readLine()) != null && scan.number < MOST_LINES) {
                    scan.read(line.substring(0, Math.min(MOST_CHARACTERS, line.length())));
                }
            }
            return scan;
        }

        private void read(String line) {
            number++;
            if (line.startsWith("; ")) {
                source = line;
                sourceAt = number;
            } else if (INSTRUCTION.matcher(line).matches()) {
                instruction = line;
                instructionAt = number;
                refusedSource = source;
                sourceOfInstruction = sourceAt;
                reason.clear();
                said = false;
            } else if (line.isBlank() || line.startsWith("processed ")) {
                // Newer kernels explain at length below the empty line.
                said = !reason.isEmpty();
            } else if (isReason(line)) {
                reason.add(line);
            }
        }

        private boolean isReason(String line) {
            return instructionAt > 0
                    && !said
                    && reason.size() < MOST_REASON
                    && !STATE.matcher(line).matches();
        }

        NavigableMap<Long, String> marks() {
            NavigableMap<Long, String> marks = new TreeMap<>();
            if (instructionAt > 0) {
                marks.put(instructionAt, "refused");
            }
            if (sourceOfInstruction > 0) {
                marks.put(sourceOfInstruction, "refused-source");
            }
            return marks;
        }

        VerifierView view(LogView log) {
            Matcher words = SOURCE.matcher(refusedSource);
            boolean known = words.matches();
            boolean placed = known && words.group(2) != null && words.group(3).length() < 8;
            return new VerifierView(
                    log,
                    instruction,
                    known ? words.group(1) : "",
                    placed ? words.group(2) : "",
                    placed ? Long.parseLong(words.group(3)) : 0,
                    reason);
        }
    }
}
