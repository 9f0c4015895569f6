// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.graph;

import java.util.ArrayList;
import java.util.List;
import org.eclipse.elk.alg.layered.options.LayeredMetaDataProvider;
import org.eclipse.elk.alg.layered.options.LayeredOptions;
import org.eclipse.elk.core.RecursiveGraphLayoutEngine;
import org.eclipse.elk.core.data.LayoutMetaDataService;
import org.eclipse.elk.core.options.CoreOptions;
import org.eclipse.elk.core.options.Direction;
import org.eclipse.elk.core.options.EdgeRouting;
import org.eclipse.elk.core.util.BasicProgressMonitor;
import org.eclipse.elk.graph.ElkBendPoint;
import org.eclipse.elk.graph.ElkEdge;
import org.eclipse.elk.graph.ElkEdgeSection;
import org.eclipse.elk.graph.ElkNode;
import org.eclipse.elk.graph.util.ElkGraphUtil;

/** A graph in layers, by ELK. Loading it costs a second of CPU, so that only graphs that are no small ring come here. */
final class LayeredLayout {
    private static final int BOX = 208;
    private static final int LINE = 16;
    private static final int MARGIN = 4;

    private static boolean known;

    private LayeredLayout() {}

    static Drawing of(WaitGraph graph) {
        register();
        List<List<String>> labels = graph.nodes().stream().map(Label::of).toList();
        ElkNode root = ElkGraphUtil.createGraph();
        root.setProperty(CoreOptions.ALGORITHM, LayeredOptions.ALGORITHM_ID);
        root.setProperty(CoreOptions.DIRECTION, Direction.DOWN);
        root.setProperty(CoreOptions.EDGE_ROUTING, EdgeRouting.ORTHOGONAL);
        root.setProperty(CoreOptions.SPACING_NODE_NODE, 26.0);
        root.setProperty(LayeredOptions.SPACING_NODE_NODE_BETWEEN_LAYERS, 44.0);
        List<ElkNode> nodes = new ArrayList<>();
        for (List<String> lines : labels) {
            ElkNode node = ElkGraphUtil.createNode(root);
            node.setDimensions(BOX, 20 + LINE * lines.size());
            nodes.add(node);
        }
        List<ElkEdge> edges = graph.edges().stream()
                .map(edge -> ElkGraphUtil.createSimpleEdge(nodes.get(edge.from()), nodes.get(edge.to())))
                .toList();
        new RecursiveGraphLayoutEngine().layout(root, new BasicProgressMonitor());
        List<Drawing.Box> boxes = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            ElkNode node = nodes.get(i);
            WaitGraph.Node what = graph.nodes().get(i);
            boxes.add(new Drawing.Box(
                    at(node.getX()),
                    at(node.getY()),
                    BOX,
                    (int) node.getHeight(),
                    Drawing.style(what),
                    labels.get(i),
                    what.name() + (what.detail().isEmpty() ? "" : ", " + what.detail())));
        }
        List<Drawing.Arrow> arrows = new ArrayList<>();
        for (int i = 0; i < edges.size(); i++) {
            arrows.add(arrow(graph.edges().get(i), edges.get(i).getSections().get(0)));
        }
        return new Drawing(at(root.getWidth()) + MARGIN, at(root.getHeight()) + MARGIN, graph.words(), boxes, arrows);
    }

    private static synchronized void register() {
        if (!known) {
            LayoutMetaDataService.getInstance().registerLayoutMetaDataProviders(new LayeredMetaDataProvider());
            known = true;
        }
    }

    private static int at(double place) {
        return (int) Math.round(place) + MARGIN;
    }

    private static Drawing.Arrow arrow(WaitGraph.Edge edge, ElkEdgeSection section) {
        StringBuilder line = new StringBuilder("M")
                .append(at(section.getStartX()))
                .append(',')
                .append(at(section.getStartY()));
        double lastX = section.getStartX();
        double lastY = section.getStartY();
        for (ElkBendPoint bend : section.getBendPoints()) {
            line.append(" L").append(at(bend.getX())).append(',').append(at(bend.getY()));
            lastX = bend.getX();
            lastY = bend.getY();
        }
        line.append(" L").append(at(section.getEndX())).append(',').append(at(section.getEndY()));
        return new Drawing.Arrow(
                line.toString(),
                Drawing.head(at(lastX), at(lastY), at(section.getEndX()), at(section.getEndY())),
                Drawing.style(edge),
                at(section.getStartX()) + 6,
                at(section.getStartY()) + 15,
                "start",
                Drawing.label(edge));
    }
}
