// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.ParserOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What user space wrote to a console and looks like the kernel's reports: counted, and no evidence. */
final class Hearsay {
    /** Different ones that are told of: user space may print as many as it likes. */
    private static final int MOST = 16;

    private final Map<String, Long> titles = new LinkedHashMap<>();
    private final Assembler assembler = new Assembler(this::add, () -> ParserOptions.DEFAULT);

    private void add(Evidence claimed) {
        if (titles.size() < MOST || titles.containsKey(claimed.title())) {
            titles.merge(claimed.title(), 1L, Long::sum);
        }
    }

    void line(Line line, boolean begins, long number) {
        assembler.line(line, begins, number);
    }

    boolean isReading() {
        return assembler.isReading();
    }

    void flush() {
        assembler.flush();
    }

    void close() {
        assembler.close();
    }

    List<String> titles() {
        return List.copyOf(titles.keySet());
    }
}
