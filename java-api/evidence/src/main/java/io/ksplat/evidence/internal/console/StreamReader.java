// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads reports of BPF streams (kernel/bpf/rqspinlock.c, kernel/bpf/stream.c). */
final class StreamReader {
    private static final Pattern ERROR = Pattern.compile("ERROR: (.*)$");
    private static final Pattern ATTEMPTED = Pattern.compile("Attempted lock +=? *0x([0-9a-f]+)");
    private static final Pattern HELD = Pattern.compile("Held lock\\[ *\\d+\\] = 0x([0-9a-f]+)");

    private StreamReader() {}

    static Details.Stream read(List<Line> lines) {
        String error = first(ERROR, lines).orElse("");
        List<String> held = new ArrayList<>();
        for (Line line : lines) {
            Matcher matcher = HELD.matcher(line.text());
            if (matcher.find()) {
                held.add(matcher.group(1));
            }
        }
        Optional<Task> task = lines.stream()
                .flatMap(line -> FaultReader.dump(line.text().strip()).stream())
                .map(FaultReader.Dump::task)
                .findFirst();
        return new Details.Stream(error, first(ATTEMPTED, lines), held, task);
    }

    static OptionalInt cpu(List<Line> lines) {
        return lines.stream()
                .flatMap(line -> FaultReader.dump(line.text().strip()).stream())
                .flatMapToInt(dump -> dump.cpu().stream())
                .findFirst();
    }

    private static Optional<String> first(Pattern pattern, List<Line> lines) {
        return lines.stream()
                .map(line -> pattern.matcher(line.text()))
                .filter(Matcher::find)
                .map(found -> found.group(1))
                .findFirst();
    }
}
