// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.graph;

import java.util.ArrayList;
import java.util.List;

/** A ring in two columns, clockwise from the upper left corner: narrow enough for a phone. */
final class RingLayout {
    private static final int WIDTH = 516;
    private static final int BOX = 208;
    private static final int MARGIN = 4;
    private static final int GAP = 46;
    private static final int LINE = 16;

    private RingLayout() {}

    static Drawing of(WaitGraph graph) {
        int size = graph.nodes().size();
        int rows = size / 2;
        List<List<String>> labels = graph.nodes().stream().map(Label::of).toList();
        int height = 20 + LINE * labels.stream().mapToInt(List::size).max().orElse(1);
        List<Drawing.Box> boxes = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            boolean right = i >= 1 && i <= rows;
            int row = right ? i - 1 : i == 0 ? 0 : size - i;
            WaitGraph.Node node = graph.nodes().get(i);
            boxes.add(new Drawing.Box(
                    right ? WIDTH - MARGIN - BOX : MARGIN,
                    MARGIN + row * (height + GAP),
                    BOX,
                    height,
                    Drawing.style(node),
                    labels.get(i),
                    node.name() + (node.detail().isEmpty() ? "" : ", " + node.detail())));
        }
        List<Drawing.Arrow> arrows = new ArrayList<>();
        for (WaitGraph.Edge edge : graph.edges()) {
            arrows.add(arrow(edge, boxes.get(edge.from()), boxes.get(edge.to()), size == 2));
        }
        // Of two boxes, the label of the arrow back lies below it.
        int below = size == 2 ? Math.max(0, height / 2 + 18 + 17 + 4 - height) : 0;
        return new Drawing(WIDTH, 2 * MARGIN + below + rows * height + (rows - 1) * GAP, graph.words(), boxes, arrows);
    }

    /** Two boxes have two arrows between them. */
    private static Drawing.Arrow arrow(WaitGraph.Edge edge, Drawing.Box from, Drawing.Box to, boolean two) {
        if (from.y() == to.y()) {
            boolean ahead = from.x() < to.x();
            int y = from.y() + from.height() / 2 + (two ? ahead ? -14 : 18 : 0);
            int begin = ahead ? from.x() + from.width() : from.x();
            int end = ahead ? to.x() : to.x() + to.width();
            return arrow(edge, begin, y, end, y, (begin + end) / 2, two && !ahead ? y + 17 : y - 7, "middle");
        }
        boolean down = from.y() < to.y();
        int x = from.middle();
        int begin = down ? from.y() + from.height() : from.y();
        int end = down ? to.y() : to.y() + to.height();
        return arrow(edge, x, begin, x, end, x + 9, (begin + end) / 2 + 4, "start");
    }

    private static Drawing.Arrow arrow(
            WaitGraph.Edge edge, int x1, int y1, int x2, int y2, int labelX, int labelY, String anchor) {
        return new Drawing.Arrow(
                "M" + x1 + "," + y1 + " L" + x2 + "," + y2,
                Drawing.head(x1, y1, x2, y2),
                Drawing.style(edge),
                labelX,
                labelY,
                anchor,
                Drawing.label(edge));
    }
}
