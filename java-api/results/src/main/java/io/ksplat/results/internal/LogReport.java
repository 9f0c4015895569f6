// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Logs of real machines as runs of a report, one a log; CLEAN is what is expected of each. Nothing was seen from outside, so that a
 * stall alone stays INCONCLUSIVE, and so does an empty log: what was not recorded proves nothing.
 */
public final class LogReport implements AutoCloseable {
    private static final String TARGET = "log";

    /** The banner (linux_banner, init/version.c), or dump_stack_print_info() of lib/dump_stack.c. */
    private static final Pattern RELEASE =
            Pattern.compile("\\bLinux version (\\S+)|\\b(?:Not tainted|Tainted: [^\\n]*?) (\\d+\\.\\d+\\S*) #\\d");

    private static final KernelName UNKNOWN = new KernelName("log", "", "log");

    private final RunLog report;
    private final Map<String, Integer> attempts = new HashMap<>();

    public LogReport(Path folder) throws IOException {
        report = RunLog.in(folder);
    }

    /** Returns whether the record is of a log, of which nobody expects anything. */
    public static boolean isLog(RunRecord run) {
        return run.target().equals(TARGET);
    }

    @Override
    public void close() throws IOException {
        report.close();
    }

    /** One log while it is read. */
    public final class Run implements AutoCloseable {
        private final String name;
        private final int attempt;
        private final OutputStream console;
        private final long started = System.nanoTime();
        private long bytes;
        private KernelName kernel = UNKNOWN;

        private Run(String name, int attempt) throws IOException {
            this.name = name;
            this.attempt = attempt;
            Path folder = report.begin(name, UNKNOWN, attempt, Verdict.CLEAN);
            console = Files.newOutputStream(folder.resolve("console.log"));
        }

        /** Keeps a piece of the log. */
        public void keep(byte[] buffer, int length) throws IOException {
            console.write(buffer, 0, length);
            bytes += length;
            if (kernel.release().isEmpty()) {
                Matcher release = RELEASE.matcher(new String(buffer, 0, length, StandardCharsets.ISO_8859_1));
                if (release.find()) {
                    String found = release.group(1) == null ? release.group(2) : release.group(1);
                    kernel = new KernelName("log", found, UNKNOWN.key());
                }
            }
        }

        /** Enters what was found. */
        public void end(List<Evidence> evidence) throws IOException {
            end(evidence, List.of(), bytes == 0 ? Optional.of("the log is empty") : Optional.empty());
        }

        /** Enters what was found in a log of which the rest cannot be read, so that it shows nothing if that is nothing. */
        public void endEarly(List<Evidence> evidence, String why) throws IOException {
            end(evidence, List.of(Control.observer("log-whole", 1, 0)), Optional.of("the log " + why));
        }

        /** Enters that the log could not be read. */
        public void fail(String why) throws IOException {
            console.close();
            report.end(record().verdict(Verdict.ERROR).message(Optional.of(why)).build());
        }

        private RunRecord.Builder record() {
            return RunRecord.of(name, kernel, attempt)
                    .target(TARGET)
                    .timings(Timings.ofTotal((System.nanoTime() - started) / 1_000_000))
                    .origin("log");
        }

        private void end(List<Evidence> evidence, List<Control> more, Optional<String> message) throws IOException {
            console.close();
            List<Control> controls = new ArrayList<>(List.of(Control.observer("log-bytes", 1, bytes)));
            controls.addAll(more);
            Findings findings = new Findings(evidence, controls, true, Findings.Visibility.CONSOLE_ONLY);
            report.end(record().verdict(findings.verdict())
                    .message(message)
                    .evidence(evidence)
                    .controls(controls)
                    .build());
        }

        @Override
        public void close() throws IOException {
            console.close();
        }
    }

    /** Begins a log's run: until it ends, the report tells that it did not. */
    public Run begin(String file) throws IOException {
        Path path = Path.of(file).getFileName();
        String name = file.equals("-") || path == null ? "stdin" : path.toString();
        return new Run(name, attempts.merge(name, 1, Integer::sum));
    }
}
