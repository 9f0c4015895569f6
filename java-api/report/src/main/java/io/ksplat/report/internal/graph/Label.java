// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.graph;

import java.util.ArrayList;
import java.util.List;

/** A name in lines that fit a box. */
final class Label {
    private static final int WIDTH = 22;
    private static final int LINES = 3;

    private Label() {}

    static List<String> of(WaitGraph.Node node) {
        List<String> lines = new ArrayList<>(wrapped(node.name(), LINES));
        if (!node.detail().isEmpty()) {
            lines.addAll(wrapped(node.detail(), 2));
        }
        return lines;
    }

    /** Breaks after a sign that joins words, or where the line is full. */
    private static List<String> wrapped(String text, int most) {
        List<String> lines = new ArrayList<>();
        String rest = text.strip();
        while (rest.length() > WIDTH && lines.size() < most - 1) {
            int end = WIDTH;
            for (int i = WIDTH; i > WIDTH / 2; i--) {
                if ("._ ->/+,".indexOf(rest.charAt(i - 1)) >= 0) {
                    end = i;
                    break;
                }
            }
            lines.add(rest.substring(0, end).strip());
            rest = rest.substring(end).strip();
        }
        lines.add(rest.length() <= WIDTH ? rest : rest.substring(0, WIDTH - 3) + "...");
        return lines;
    }
}
