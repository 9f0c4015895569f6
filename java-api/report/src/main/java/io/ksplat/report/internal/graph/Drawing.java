// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.graph;

import java.util.List;

/**
 * A graph with places.
 *
 * @param words the same in words
 */
public record Drawing(int width, int height, String words, List<Box> boxes, List<Arrow> arrows) {
    /** Above that, a ring has more corners than eyes follow. */
    private static final int RING = 8;

    public Drawing {
        boxes = List.copyOf(boxes);
        arrows = List.copyOf(arrows);
    }

    /**
     * A node.
     *
     * @param style a class of the style sheet
     * @param whole what it is called, as long as that may be
     */
    public record Box(int x, int y, int width, int height, String style, List<String> lines, String whole) {
        public Box {
            lines = List.copyOf(lines);
        }

        /** Returns where a line's letters stand. */
        public int baseline(int line) {
            return y + height / 2 + 5 + 16 * line - 8 * (lines.size() - 1);
        }

        public int middle() {
            return x + width / 2;
        }
    }

    /**
     * An edge.
     *
     * @param line a path
     * @param head the corners of its head
     */
    public record Arrow(String line, String head, String style, int labelX, int labelY, String anchor, String label) {}

    public static Drawing of(WaitGraph graph) {
        return graph.ring() && graph.nodes().size() <= RING ? RingLayout.of(graph) : LayeredLayout.of(graph);
    }

    static String style(WaitGraph.Node node) {
        return switch (node.kind()) {
            case CONTEXT -> "context";
            case LOCK -> "lock";
            case CPU -> "cpu";
        };
    }

    static String style(WaitGraph.Edge edge) {
        return (edge.waits() ? "waits" : "held")
                + (edge.inferred() ? " inferred" : "")
                + (edge.inCycle() ? " in-cycle" : "");
    }

    static String label(WaitGraph.Edge edge) {
        return edge.waits() ? "waits for" : edge.inferred() ? "held by?" : "held by";
    }

    /** Returns the corners of an arrow's head that comes from a point. */
    static String head(double fromX, double fromY, double x, double y) {
        double length = Math.max(1e-3, Math.hypot(x - fromX, y - fromY));
        double dx = (x - fromX) / length;
        double dy = (y - fromY) / length;
        return Math.round(x) + "," + Math.round(y)
                + " " + Math.round(x - 10 * dx - 5 * dy) + "," + Math.round(y - 10 * dy + 5 * dx)
                + " " + Math.round(x - 10 * dx + 5 * dy) + "," + Math.round(y - 10 * dy - 5 * dx);
    }
}
