// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.report.internal.page.SampleWords;
import io.ksplat.report.internal.page.Words;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunRecord;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.TimelineEvent;
import io.ksplat.results.internal.StoredRun;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * {@code trace.json}: a run in the Trace Event format, as Perfetto and speedscope read it. A process is a machine, a thread a CPU, and
 * another one what samples found it in; thread 0 is ksplat. An NMI is an instant, and a slice from there on if its CPU never came back; an arrow leads from it to who holds
 * the lock that it waits for.
 */
final class TraceEvents {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int MACHINE = 1;
    private static final int KSPLAT = 0;

    /** Behind the threads of the CPUs, of which Linux has 8192 at most (CONFIG_NR_CPUS_RANGE_END). */
    private static final int SAMPLES = 10_000;

    private final RunRecord run;
    private final JsonGenerator json;

    private TraceEvents(RunRecord run, JsonGenerator json) {
        this.run = run;
        this.json = json;
    }

    static void write(OutputStream out, StoredRun stored) throws IOException {
        JsonGenerator json = JSON.createGenerator(out, JsonEncoding.UTF8);
        json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        try (json) {
            new TraceEvents(stored.run(), json).write();
        }
    }

    private void write() throws IOException {
        json.writeStartObject();
        json.writeStringField("displayTimeUnit", "ms");
        json.writeArrayFieldStart("traceEvents");
        name(
                "process_name",
                KSPLAT,
                Words.shortened(run.reproducer() + " on " + run.kernel().shortName()));
        name("thread_name", KSPLAT, "ksplat");
        for (int cpu : cpus()) {
            name("thread_name", thread(cpu), "CPU " + cpu);
            order(thread(cpu), 2 * thread(cpu));
        }
        for (int cpu : sampledCpus()) {
            name("thread_name", SAMPLES + cpu, "CPU " + cpu + ", sampled");
            order(SAMPLES + cpu, 2 * thread(cpu) + 1);
        }
        slice("run: " + run.verdict(), KSPLAT, 0, 1000 * run.timings().totalMs());
        Set<Long> sent = new HashSet<>();
        run.nmis().forEach(nmi -> nmi.atMs().ifPresent(sent::add));
        for (TimelineEvent event : run.timeline()) {
            // The record of the NMI says more.
            if (event.event().equals("nmi") && sent.contains(event.atMs())) {
                continue;
            }
            instant(
                    event.event() + ": " + event.what(),
                    event.cpu().isPresent() ? thread(event.cpu().getAsInt()) : KSPLAT,
                    1000 * event.atMs());
        }
        for (NmiRecord nmi : run.nmis()) {
            if (nmi.atMs().isPresent()) {
                int thread = nmi.cpu().isPresent() ? thread(nmi.cpu().getAsInt()) : KSPLAT;
                String where = nmi.where().map(place -> "at " + place).orElse(nmi.source());
                instant("NMI " + where, thread, 1000 * nmi.atMs().getAsLong());
            }
        }
        waits(waiting());
        for (SampledSpan span : run.samples()) {
            slice(SampleWords.of(span), SAMPLES + span.cpu(), 1000 * span.fromMs(), 1000 * span.toMs());
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private Set<Integer> cpus() {
        Set<Integer> cpus = new TreeSet<>();
        run.timeline().forEach(event -> event.cpu().ifPresent(cpus::add));
        run.nmis().forEach(nmi -> nmi.cpu().ifPresent(cpus::add));
        for (Evidence found : run.evidence()) {
            found.cpu().ifPresent(cpus::add);
            holder(found).flatMap(TraceEvents::cpu).ifPresent(cpus::add);
        }
        return cpus;
    }

    private Set<Integer> sampledCpus() {
        return run.samples().stream().map(SampledSpan::cpu).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Optional<Integer> cpu(Details.Owner owner) {
        return owner.cpu().isPresent() ? Optional.of(owner.cpu().getAsInt()) : Optional.empty();
    }

    private static Optional<Details.Wait> wait(Evidence found) {
        return found.details() instanceof Details.Waits waits
                ? waits.waits().stream()
                        .filter(wait -> wait.owner().isPresent())
                        .findFirst()
                : Optional.empty();
    }

    private static Optional<Details.Owner> holder(Evidence found) {
        return wait(found).flatMap(Details.Wait::owner);
    }

    /** An NMI, and what it waits for without end. */
    private record Waiting(int cpu, long atMs, Details.Wait what) {}

    /** Of the NMIs of a CPU only the last one can be the one that never came back. */
    private List<Waiting> waiting() {
        Map<Integer, Long> last = new TreeMap<>();
        for (NmiRecord nmi : run.nmis()) {
            if (nmi.cpu().isPresent() && nmi.atMs().isPresent()) {
                last.merge(nmi.cpu().getAsInt(), nmi.atMs().getAsLong(), Math::max);
            }
        }
        List<Waiting> waiting = new ArrayList<>();
        last.forEach((cpu, atMs) -> run.evidence().stream()
                .map(TraceEvents::wait)
                .flatMap(Optional::stream)
                .filter(wait -> wait.context().equals("NMI") && wait.cpu().equals(OptionalInt.of(cpu)))
                .findFirst()
                .ifPresent(wait -> waiting.add(new Waiting(cpu, atMs, wait))));
        return waiting;
    }

    /** Slices of one thread must nest: that of a holder is around all of NMIs. An arrow goes on in time. */
    private void waits(List<Waiting> all) throws IOException {
        long first = all.stream().mapToLong(Waiting::atMs).min().orElse(0);
        long last = all.stream().mapToLong(Waiting::atMs).max().orElse(0);
        long end = Math.max(last + 1, run.timings().totalMs());
        for (int i = 0; i < all.size(); i++) {
            Waiting nmi = all.get(i);
            Details.Owner owner = nmi.what().owner().orElseThrow();
            String lock = nmi.what().lock().name();
            int thread = thread(nmi.cpu());
            slice("NMI waits for " + lock, thread, 1000 * nmi.atMs(), 1000 * end);
            Optional<Integer> holder = cpu(owner).map(TraceEvents::thread);
            if (holder.isPresent()) {
                slice(
                        Words.who(owner.context(), OptionalInt.empty(), owner.task()) + " holds " + lock,
                        holder.get(),
                        1000 * Math.max(0, first - 1),
                        1000 * (end + 1));
                flow("s", i + 1, thread, 1000 * nmi.atMs());
                flow("f", i + 1, holder.get(), 1000 * end + 500);
            }
        }
    }

    private static int thread(int cpu) {
        return cpu + 1;
    }

    private void begin(String phase, String name, int thread, long micros) throws IOException {
        json.writeStartObject();
        json.writeStringField("ph", phase);
        json.writeStringField("name", Words.shortened(name));
        json.writeStringField("cat", "ksplat");
        json.writeNumberField("pid", MACHINE);
        json.writeNumberField("tid", thread);
        json.writeNumberField("ts", micros);
    }

    private void name(String what, int thread, String name) throws IOException {
        begin("M", what, thread, 0);
        json.writeObjectFieldStart("args");
        json.writeStringField("name", name);
        json.writeEndObject();
        json.writeEndObject();
    }

    private void order(int thread, int index) throws IOException {
        begin("M", "thread_sort_index", thread, 0);
        json.writeObjectFieldStart("args");
        json.writeNumberField("sort_index", index);
        json.writeEndObject();
        json.writeEndObject();
    }

    private void instant(String name, int thread, long micros) throws IOException {
        begin("i", name, thread, micros);
        json.writeStringField("s", "t");
        json.writeEndObject();
    }

    private void slice(String name, int thread, long from, long to) throws IOException {
        begin("X", name, thread, from);
        json.writeNumberField("dur", Math.max(1, to - from));
        json.writeEndObject();
    }

    private void flow(String phase, int id, int thread, long micros) throws IOException {
        begin(phase, "waits for", thread, micros);
        json.writeNumberField("id", id);
        if (phase.equals("f")) {
            json.writeStringField("bp", "e");
        }
        json.writeEndObject();
    }
}
