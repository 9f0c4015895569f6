// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.graph;

import java.util.ArrayList;
import java.util.List;

/** A name in lines that fit a box. */
final class Label {
    private static final int WIDTH = 26;

    /** Its letters are smaller. */
    private static final int DETAIL = 29;

    private static final int LINES = 3;

    private Label() {}

    static List<String> of(WaitGraph.Node node) {
        List<String> lines = new ArrayList<>(wrapped(node.name(), WIDTH, LINES));
        if (!node.detail().isEmpty()) {
            lines.addAll(wrapped(node.detail(), DETAIL, 2));
        }
        return lines;
    }

    /** Breaks after a sign that joins words, or where the line is full. */
    private static List<String> wrapped(String text, int width, int most) {
        List<String> lines = new ArrayList<>();
        String rest = text.strip();
        while (rest.length() > width && lines.size() < most - 1) {
            int end = width;
            for (int i = width; i > width / 2; i--) {
                if ("._ ->/+,".indexOf(rest.charAt(i - 1)) >= 0) {
                    end = i;
                    break;
                }
            }
            lines.add(rest.substring(0, end).strip());
            rest = rest.substring(end).strip();
        }
        lines.add(rest.length() <= width ? rest : rest.substring(0, width - 3) + "...");
        return lines;
    }
}
