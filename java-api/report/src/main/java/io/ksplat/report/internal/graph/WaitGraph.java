// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.graph;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Who waits for whom.
 *
 * @param ring whether each node has one way to the next one, and the last to the first
 */
public record WaitGraph(List<Node> nodes, List<Edge> edges, boolean ring) {
    private static final int MOST = 160;
    private static final String CPU = "the CPU";

    public WaitGraph {
        nodes = List.copyOf(nodes);
        edges = List.copyOf(edges);
    }

    /** What a node is. */
    public enum Kind {
        CONTEXT,
        LOCK,
        CPU
    }

    public record Node(Kind kind, String name, String detail) {}

    /**
     * An arrow.
     *
     * @param waits true from who waits to what it waits for; false from what is held to who holds it
     * @param inferred whether nothing records it
     */
    public record Edge(int from, int to, boolean waits, boolean inferred, boolean inCycle) {}

    /** Returns the cycle of evidence; empty if it names none. */
    public static Optional<WaitGraph> cycle(Evidence found) {
        List<CycleNode> cycle = found.cycle();
        if (cycle.isEmpty()) {
            return Optional.empty();
        }
        List<Node> nodes = new ArrayList<>();
        List<Edge> edges = new ArrayList<>();
        int size = Math.min(cycle.size(), MOST / 2);
        for (int i = 0; i < size; i++) {
            CycleNode node = cycle.get(i);
            nodes.add(context(node.context(), node.cpu(), node.task()));
            nodes.add(resource(node.waitsFor(), node.cpu(), found));
            boolean inferred = cycle.get((i + 1) % size).inferred();
            edges.add(new Edge(2 * i, 2 * i + 1, true, false, true));
            boolean last = i + 1 == size;
            edges.add(new Edge(2 * i + 1, last ? 0 : 2 * i + 2, false, inferred, true));
        }
        if (cycle.size() > size) {
            nodes.add(new Node(Kind.CONTEXT, cycle.size() - size + " more", "of the same cycle"));
            edges.set(edges.size() - 1, new Edge(2 * size - 1, 2 * size, false, false, true));
            edges.add(new Edge(2 * size, 0, true, false, true));
        }
        return Optional.of(new WaitGraph(nodes, edges, true));
    }

    /** Returns all that waits and holds, if that is more than the cycle. */
    public static Optional<WaitGraph> all(Evidence found) {
        if (!(found.details() instanceof Details.Waits waits)) {
            return Optional.empty();
        }
        Builder builder = new Builder(found);
        cycle(found).ifPresent(builder::add);
        int before = builder.nodes.size();
        waits.waits().forEach(builder::add);
        return builder.nodes.size() > before ? Optional.of(builder.build()) : Optional.empty();
    }

    /** Returns the arrows in words, for those who cannot see them. */
    public String words() {
        StringBuilder text = new StringBuilder();
        for (Edge edge : edges) {
            text.append(text.isEmpty() ? "" : "; ");
            text.append(nodes.get(edge.from()).name())
                    .append(edge.waits() ? " waits for " : " is held by ")
                    .append(nodes.get(edge.to()).name())
                    .append(edge.inferred() ? " (inferred)" : "");
        }
        return text.append('.').toString();
    }

    private static Node context(String context, OptionalInt cpu, Optional<Task> task) {
        String on = cpu.isPresent() ? " on CPU " + cpu.getAsInt() : "";
        if (context.equals("task")) {
            return task.map(who -> new Node(Kind.CONTEXT, who.comm() + "/" + who.pid(), "task" + on))
                    .orElseGet(() -> new Node(Kind.CONTEXT, "task" + on, ""));
        }
        return new Node(
                Kind.CONTEXT,
                context + on,
                task.map(who -> "on top of " + who.comm() + "/" + who.pid()).orElse(""));
    }

    private static Node resource(String name, OptionalInt cpu, Evidence found) {
        if (name.equals(CPU)) {
            return new Node(
                    Kind.CPU, cpu.isPresent() ? "CPU " + cpu.getAsInt() : CPU, "it must return from what runs on top");
        }
        return new Node(
                Kind.LOCK,
                name,
                found.locks().stream()
                        .filter(lock -> lock.name().equals(name))
                        .findFirst()
                        .map(WaitGraph::detail)
                        .orElse("lock"));
    }

    private static String detail(LockRef lock) {
        return "lock"
                + lock.address().map(address -> " " + address).orElse("")
                + (lock.value().isPresent()
                        ? " = 0x" + Long.toHexString(lock.value().getAsLong())
                        : "");
    }

    /** Adds waits to a cycle; the same node is drawn once. */
    private static final class Builder {
        private final Evidence found;
        private final Map<String, Integer> known = new LinkedHashMap<>();
        private final List<Node> nodes = new ArrayList<>();
        private final List<Edge> edges = new ArrayList<>();

        Builder(Evidence found) {
            this.found = found;
        }

        void add(WaitGraph cycle) {
            cycle.nodes.forEach(this::index);
            cycle.edges.forEach(edge -> edge(
                    index(cycle.nodes.get(edge.from())),
                    index(cycle.nodes.get(edge.to())),
                    edge.waits(),
                    edge.inferred(),
                    true));
        }

        void add(Details.Wait wait) {
            if (nodes.size() + 3 > MOST) {
                return;
            }
            int waiter = index(context(wait.context(), wait.cpu(), wait.task()));
            int lock = index(resource(wait.lock().name(), wait.cpu(), found));
            edge(waiter, lock, true, false, false);
            wait.owner().ifPresent(owner -> {
                int holder = index(context(owner.context(), owner.cpu(), owner.task()));
                edge(lock, holder, false, owner.inferred(), false);
            });
        }

        private int index(Node node) {
            return known.computeIfAbsent(node.kind() + node.name(), name -> {
                nodes.add(node);
                return nodes.size() - 1;
            });
        }

        private void edge(int from, int to, boolean waits, boolean inferred, boolean inCycle) {
            if (edges.stream().noneMatch(edge -> edge.from() == from && edge.to() == to)) {
                edges.add(new Edge(from, to, waits, inferred, inCycle));
            }
        }

        WaitGraph build() {
            return new WaitGraph(nodes, edges, false);
        }
    }
}
