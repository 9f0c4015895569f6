// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Stack;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunRecord;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.TimelineEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * What happened when: a lane a CPU, and one for ksplat.
 *
 * @param contexts what the CPUs executed, in time and by lane
 * @param events what is drawn and listed, in order
 * @param more how many events are not shown
 */
public record Timeline(
        int height,
        List<Lane> lanes,
        List<Tick> ticks,
        List<Span> spans,
        List<Context> contexts,
        List<Event> events,
        int more) {
    public static final int WIDTH = 720;
    public static final int LEFT = 66;
    private static final int RIGHT = 18;
    private static final int LANE = 30;
    private static final int TOP = 22;

    /** Below the marks of a lane: what its CPU is stuck in. */
    private static final int NAME = 17;

    /** At the foot of a lane: the contexts of its CPU. */
    private static final int BAR = 9;

    private static final int MOST_LANES = 24;
    private static final int MOST_EVENTS = 120;
    private static final int TICKS = 6;

    /** The event of a CPU's last sign of life. */
    private static final String DIED = "last sign of life";

    /** Marks that are nearer than this lie below each other. */
    private static final int NEAR = 19;

    public Timeline {
        lanes = List.copyOf(lanes);
        ticks = List.copyOf(ticks);
        spans = List.copyOf(spans);
        contexts = List.copyOf(contexts);
        events = List.copyOf(events);
    }

    public record Lane(String name, int y, int height) {}

    public record Tick(int x, String time) {}

    /** A stretch of time on a lane. */
    public record Span(int x, int y, int width, int height, String style, String name) {
        /** Returns what fits into it: its name, or its style, which is shorter; empty if neither does. */
        public String label() {
            return width > 8 * name.length() ? name : width > 8 * style.length() ? style : "";
        }
    }

    /** What a CPU executed: a bar at the foot of its lane, and its line in the list. */
    public record Context(int x, int y, int width, String style, String time, String where, String what) {}

    /** Something that happened: its mark and its line in the list. */
    public record Event(int number, int x, int y, String style, String time, String where, String what) {}

    private record Raw(long atMs, OptionalInt cpu, String event, String what) {}

    public static Optional<Timeline> of(RunRecord run) {
        List<Raw> all = raw(run);
        if (all.isEmpty()) {
            return Optional.empty();
        }
        List<Raw> shown = new ArrayList<>(all.subList(0, Math.min(MOST_EVENTS, all.size())));
        // The verdict comes last.
        shown.set(shown.size() - 1, all.get(all.size() - 1));
        long end = shown.get(shown.size() - 1).atMs();
        long first = shown.get(0).atMs();
        long begin = shown.stream()
                .filter(event -> !event.event().equals("prepared"))
                .mapToLong(Raw::atMs)
                .min()
                .orElse(first);
        // Making ready may take minutes: it must not press together all the rest.
        begin = end - first <= 3 * (end - begin) ? first : begin;
        end = Math.max(begin + 1, end);
        begin = Math.max(0, begin - Math.max(1, (end - begin) / 20));
        return Optional.of(new Scale(begin, end).draw(run, shown, all.size() - shown.size()));
    }

    private static List<Raw> raw(RunRecord run) {
        List<Raw> all = new ArrayList<>();
        Set<Long> aimed = new HashSet<>();
        for (NmiRecord nmi : run.nmis()) {
            if (nmi.atMs().isPresent()) {
                aimed.add(nmi.atMs().getAsLong());
                all.add(new Raw(
                        nmi.atMs().getAsLong(),
                        nmi.cpu(),
                        "nmi",
                        "NMI " + nmi.where().map(where -> "at " + where).orElse("from " + nmi.source())
                                + nmi.task()
                                        .map(task -> ", interrupting " + Words.task(task))
                                        .orElse("")));
            }
        }
        for (TimelineEvent event : run.timeline()) {
            // The record of the NMI says more.
            if (!event.event().equals("nmi") || !aimed.contains(event.atMs())) {
                all.add(new Raw(event.atMs(), event.cpu(), event.event(), event.what()));
            }
        }
        all.sort(Comparator.comparingLong(Raw::atMs));
        return all;
    }

    private record Scale(long begin, long end) {
        int x(long ms) {
            double part = (double) (Math.max(begin, ms) - begin) / (end - begin);
            return LEFT + (int) Math.round(part * (WIDTH - LEFT - RIGHT));
        }

        Timeline draw(RunRecord run, List<Raw> raw, int more) {
            Set<Integer> cpus = new TreeSet<>();
            raw.forEach(event -> event.cpu().ifPresent(cpus::add));
            List<Evidence> stuck = run.evidence().stream()
                    .filter(found -> found.kind() == EvidenceKind.CPU_STUCK || found.kind() == EvidenceKind.CPU_BUSY)
                    .toList();
            stuck.forEach(found -> found.cpu().ifPresent(cpus::add));
            run.samples().forEach(span -> cpus.add(span.cpu()));
            run.evidence()
                    .forEach(
                            found -> found.stacks().forEach(stack -> stack.cpu().ifPresent(cpus::add)));
            List<Integer> shown = cpus.stream().limit(MOST_LANES).toList();
            List<List<Integer>> rows = rows(raw, shown);
            List<Lane> lanes = new ArrayList<>();
            Map<Integer, Lane> byCpu = new HashMap<>();
            int y = TOP;
            for (int i = 0; i <= shown.size(); i++) {
                int deep = rows.get(i).stream().mapToInt(row -> row + 1).max().orElse(1);
                OptionalInt cpu = i == 0 ? OptionalInt.empty() : OptionalInt.of(shown.get(i - 1));
                boolean named = cpu.isPresent()
                        && stuck.stream().anyMatch(found -> cpus(run, found).contains(cpu.getAsInt()));
                Lane lane = new Lane(
                        i == 0 ? "ksplat" : "CPU " + shown.get(i - 1),
                        y,
                        LANE + (deep - 1) * 20 + (named ? NAME : 0) + (hasContexts(run, cpu) ? BAR : 0));
                lanes.add(lane);
                byCpu.put(i == 0 ? -1 : shown.get(i - 1), lane);
                y += lane.height();
            }
            List<Event> events = new ArrayList<>();
            int[] next = new int[rows.size()];
            for (Raw event : raw) {
                int cpu = event.cpu().orElse(-1);
                int lane = lane(event, shown);
                int row = rows.get(lane).get(next[lane]++);
                Lane drawn = byCpu.getOrDefault(shown.contains(cpu) ? cpu : -1, lanes.get(0));
                events.add(new Event(
                        events.size() + 1,
                        x(event.atMs()),
                        drawn.y() + LANE / 2 + row * 20,
                        style(event.event()),
                        Words.seconds(event.atMs()),
                        cpu < 0 ? "" : "CPU " + cpu,
                        event.event().equals("nmi") ? event.what() : event.event() + ": " + event.what()));
            }
            return new Timeline(
                    y + 6, lanes, ticks(), spans(run, stuck, byCpu), contexts(run, stuck, byCpu), events, more);
        }

        /** The row of each event in its lane, so that no mark hides another. */
        private List<List<Integer>> rows(List<Raw> raw, List<Integer> shown) {
            List<List<Integer>> rows = new ArrayList<>();
            List<Integer> last = new ArrayList<>();
            for (int i = 0; i <= shown.size(); i++) {
                rows.add(new ArrayList<>());
                last.add(-WIDTH);
            }
            for (Raw event : raw) {
                int lane = lane(event, shown);
                int x = x(event.atMs());
                List<Integer> known = rows.get(lane);
                int row = x - last.get(lane) < NEAR && !known.isEmpty() ? (known.get(known.size() - 1) + 1) % 4 : 0;
                known.add(row);
                last.set(lane, x);
            }
            return rows;
        }

        private static int lane(Raw event, List<Integer> shown) {
            return event.cpu().isPresent() ? shown.indexOf(event.cpu().getAsInt()) + 1 : 0;
        }

        /** From where on CPUs are dead: the NMI that none of them came back from, or their last sign of life. */
        private List<Span> spans(RunRecord run, List<Evidence> stuck, Map<Integer, Lane> byCpu) {
            List<Span> spans = new ArrayList<>();
            for (Evidence found : stuck) {
                for (int cpu : cpus(run, found)) {
                    Lane lane = byCpu.get(cpu);
                    if (lane != null) {
                        int x = x(since(run, cpu));
                        spans.add(new Span(
                                x,
                                lane.y() + 4,
                                Math.max(2, WIDTH - RIGHT - x),
                                lane.height() - 8 - (hasContexts(run, OptionalInt.of(cpu)) ? BAR : 0),
                                found.kind() == EvidenceKind.CPU_STUCK ? "stuck" : "busy",
                                name(found, cpu)));
                    }
                }
            }
            return spans;
        }

        private static boolean hasContexts(RunRecord run, OptionalInt cpu) {
            return cpu.isPresent() && run.samples().stream().anyMatch(span -> span.cpu() == cpu.getAsInt());
        }

        /** What samples found the CPUs in; of one that is stuck its stack tells the rest. */
        private List<Context> contexts(RunRecord run, List<Evidence> stuck, Map<Integer, Lane> byCpu) {
            List<Context> contexts = new ArrayList<>();
            for (SampledSpan span : run.samples()) {
                Lane lane = byCpu.get(span.cpu());
                if (lane != null && span.toMs() >= begin) {
                    contexts.add(context(
                            lane, span.cpu(), span.fromMs(), span.toMs(), span.context(), SampleWords.of(span)));
                }
            }
            for (Evidence found : stuck) {
                for (int cpu : cpus(run, found)) {
                    Lane lane = byCpu.get(cpu);
                    Optional<String> innermost = found.stacks().stream()
                            .filter(stack -> stack.cpu().equals(OptionalInt.of(cpu)))
                            .map(Stack::context)
                            .findFirst()
                            .filter(SampleWords.CONTEXTS::contains);
                    if (lane != null && hasContexts(run, OptionalInt.of(cpu)) && innermost.isPresent()) {
                        contexts.add(context(
                                lane,
                                cpu,
                                since(run, cpu),
                                end,
                                innermost.get(),
                                innermost.get() + " context, by its stack at the end"));
                    }
                }
            }
            return contexts;
        }

        private Context context(Lane lane, int cpu, long fromMs, long toMs, String style, String what) {
            int x = x(fromMs);
            return new Context(
                    x,
                    lane.y() + lane.height() - BAR,
                    Math.max(2, x(Math.min(toMs, end)) - x),
                    style,
                    Words.seconds(fromMs) + " to " + Words.seconds(toMs),
                    "CPU " + cpu,
                    what);
        }

        private long since(RunRecord run, int cpu) {
            return run.nmis().stream()
                    .filter(nmi -> nmi.cpu().equals(OptionalInt.of(cpu)))
                    .flatMapToLong(nmi -> nmi.atMs().stream())
                    .max()
                    .orElseGet(() -> run.timeline().stream()
                            .filter(event ->
                                    event.event().equals(DIED) && event.cpu().equals(OptionalInt.of(cpu)))
                            .mapToLong(TimelineEvent::atMs)
                            .findFirst()
                            .orElse(run.timings().firstEvidenceMs().orElse(begin)));
        }

        /** What the CPU does there: whose context waits for which lock, if that is known. */
        private static String name(Evidence found, int cpu) {
            String wait = found.details() instanceof Details.Waits all
                    ? all.waits().stream()
                            .filter(each -> each.cpu().equals(OptionalInt.of(cpu)))
                            .findFirst()
                            .map(each -> each.context() + " waits for "
                                    + Words.shortened(each.lock().name(), 60))
                            .orElse("")
                    : "";
            return !wait.isEmpty() ? wait : found.kind() == EvidenceKind.CPU_STUCK ? "stuck" : "busy";
        }

        private List<Tick> ticks() {
            double step = Math.pow(10, Math.floor(Math.log10((double) (end - begin) / TICKS)));
            for (int factor : List.of(1, 2, 5, 10)) {
                if ((end - begin) / (step * factor) <= TICKS) {
                    step *= factor;
                    break;
                }
            }
            step = Math.max(1, step);
            int places = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
            List<Tick> ticks = new ArrayList<>();
            for (double at = Math.ceil(begin / step) * step; at <= end; at += step) {
                ticks.add(new Tick(x((long) at), String.format(Locale.ROOT, "%." + places + "f s", at / 1000)));
            }
            return ticks;
        }
    }

    /** Evidence names one CPU; of the others that hang with it the timeline has the end. */
    private static Set<Integer> cpus(RunRecord run, Evidence found) {
        Set<Integer> cpus = new TreeSet<>();
        found.cpu().ifPresent(cpus::add);
        if (found.kind() == EvidenceKind.CPU_STUCK) {
            run.timeline().stream()
                    .filter(event -> event.event().equals(DIED))
                    .forEach(event -> event.cpu().ifPresent(cpus::add));
        }
        return cpus;
    }

    private static String style(String event) {
        return switch (event) {
            case "nmi" -> "nmi";
            case "evidence", "stuck" -> "evidence";
            case "verdict" -> "verdict";
            default -> "step";
        };
    }
}
