// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Evidence;
import io.ksplat.report.internal.graph.Drawing;
import io.ksplat.report.internal.graph.WaitGraph;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A drawn graph and what it shows. */
public record Figure(String caption, Drawing drawing) {
    private static final int MOST = 6;
    private static final int RING = 8;

    /** Returns the cycles, each once, and what waits beside them. */
    public static List<Figure> of(List<Evidence> evidence) {
        List<Figure> figures = new ArrayList<>();
        Set<WaitGraph> drawn = new HashSet<>();
        for (Evidence found : evidence) {
            Optional<WaitGraph> cycle = WaitGraph.cycle(found);
            if (cycle.isPresent() && drawn.add(cycle.get()) && figures.size() < MOST) {
                int locks = found.cycle().size();
                figures.add(new Figure(
                        locks == 1 ? "It waits for itself" : "A cycle of " + locks, Drawing.of(cycle.get())));
            }
        }
        for (Evidence found : evidence) {
            Optional<WaitGraph> all = WaitGraph.all(found);
            if (all.isPresent() && drawn.add(all.get()) && figures.size() < MOST) {
                figures.add(new Figure("All that waits", Drawing.of(all.get())));
            }
        }
        return figures;
    }

    /** Returns whether it is wider than a page may be. */
    public boolean isLarge() {
        return drawing.boxes().size() > RING || drawing.width() > 540;
    }
}
