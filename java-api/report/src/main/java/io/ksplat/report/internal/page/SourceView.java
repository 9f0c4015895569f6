// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The BPF C that the folder of a run keeps: what lies around the lines that its evidence names. */
public record SourceView(String file, LogView lines) {
    private static final int MOST_MARKS = 40;

    /** A name in the folder of the run, and nothing else. */
    private static final Pattern OWN = Pattern.compile("[\\w+-][\\w.+-]*\\.[ch]");

    /** The lines to mark, by file. */
    static final class Marks {
        private final Map<String, NavigableMap<Long, String>> lines = new LinkedHashMap<>();
        private final Path folder;

        Marks(Path folder) {
            this.folder = folder;
        }

        void add(List<Evidence> evidence) {
            for (Evidence found : evidence) {
                for (Stack stack : found.stacks()) {
                    for (Frame frame : stack.frames()) {
                        if (frame.file().isPresent() && frame.line().isPresent()) {
                            add(frame.file().get(), frame.line().getAsInt());
                        }
                    }
                }
            }
        }

        void add(String path, long line) {
            String file = path.substring(path.lastIndexOf('/') + 1);
            if (!lines.containsKey(file) && !isKept(file)) {
                return;
            }
            NavigableMap<Long, String> marks = lines.computeIfAbsent(file, name -> new TreeMap<>());
            if (marks.size() < MOST_MARKS) {
                marks.put(line, "source-" + file + "-" + line);
            }
        }

        private boolean isKept(String file) {
            return OWN.matcher(file).matches() && Files.isRegularFile(folder.resolve(file));
        }

        /** Returns what a frame leads to; empty if it names no line that is shown. */
        Optional<String> anchor(Frame frame) {
            return frame.line().isEmpty()
                    ? Optional.empty()
                    : anchor(frame.file().orElse(""), frame.line().getAsInt());
        }

        Optional<String> anchor(String path, long line) {
            return Optional.ofNullable(lines.get(path.substring(path.lastIndexOf('/') + 1)))
                    .map(marks -> marks.get(line));
        }

        List<SourceView> views() throws IOException {
            List<SourceView> views = new ArrayList<>();
            for (Map.Entry<String, NavigableMap<Long, String>> file : lines.entrySet()) {
                LogView.of(folder.resolve(file.getKey()), file.getValue(), LogView.Extent.SOURCE)
                        .ifPresent(view -> views.add(new SourceView(file.getKey(), view)));
            }
            return views;
        }
    }
}
