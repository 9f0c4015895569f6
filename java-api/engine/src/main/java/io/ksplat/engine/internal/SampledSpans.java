// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.machine.internal.forensics.hang.Sample;
import io.ksplat.results.SampledSpan;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Joins the samples of each CPU that show the same context. Takes no part in the verdict. Thread-safe. */
final class SampledSpans {
    /** A CPU that is busy with short things fills no record. The end of a run tells more than its beginning. */
    private static final int MOST = 40;

    private static final int CPUS = 64;

    private static final int FUNCTIONS = 4;

    private final Map<Integer, Deque<Span>> spans = new TreeMap<>();

    private static final class Span {
        private final Sample.Context context;
        private final long fromNs;
        private final Set<String> functions = new LinkedHashSet<>();
        private long toNs;
        private int samples;

        Span(Sample.Context context, long nowNs) {
            this.context = context;
            this.fromNs = nowNs;
        }
    }

    /** Adds a sample of all CPUs. */
    synchronized void add(Sample sample) {
        for (Sample.Cpu cpu : sample.cpus()) {
            if (cpu.cpu() < CPUS) {
                add(cpu, spans.computeIfAbsent(cpu.cpu(), number -> new ArrayDeque<>()), sample.hostNs());
            }
        }
    }

    private static void add(Sample.Cpu cpu, Deque<Span> known, long nowNs) {
        Span span = known.peekLast();
        if (span == null || span.context != cpu.context()) {
            span = new Span(cpu.context(), nowNs);
            known.add(span);
            if (known.size() > MOST) {
                known.remove();
            }
        }
        span.toNs = nowNs;
        span.samples++;
        if (span.functions.size() < FUNCTIONS) {
            cpu.function().ifPresent(span.functions::add);
        }
    }

    /** Returns what was seen, by times after the run's beginning. */
    synchronized List<SampledSpan> since(long startedNanos) {
        List<SampledSpan> all = new ArrayList<>();
        spans.forEach((cpu, known) -> known.forEach(span -> all.add(new SampledSpan(
                cpu,
                ms(span.fromNs - startedNanos),
                ms(span.toNs - startedNanos),
                span.context.id(),
                span.samples,
                List.copyOf(span.functions)))));
        return all;
    }

    private static long ms(long nanos) {
        return Math.max(0, nanos / 1_000_000);
    }
}
