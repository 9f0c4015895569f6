// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One run of one reproducer on one kernel, as {@code results.json} holds it.
 *
 * <pre>{@code
 * KernelName kernel = new KernelName("debian:7.2", "7.2.13+deb14-cloud-amd64", "7.2.13-cloud");
 * RunRecord run = RunRecord.of("nmi-task-kptr", kernel, 1)
 *         .verdict(Verdict.CLEAN)
 *         .expected(Verdict.DEADLOCK)
 *         .controls(List.of(Control.stimulus("nmi", 1, 1)))
 *         .nmis(List.of(NmiRecord.of("storm of 100/s, jitter 0.5, seed 7")))
 *         .timeline(List.of(new TimelineEvent(1900, OptionalInt.of(0), "nmi", "rcu_cblist_enqueue+0x0")))
 *         .samples(List.of(new SampledSpan(0, 1900, 2400, "irqs-off", 9, List.of("native_queued_spin_lock_slowpath"))))
 *         .program(new ProgramRecord(OptionalInt.of(0), OptionalInt.empty(), "done\n", ""))
 *         .timings(Timings.ofTotal(2500))
 *         .tool(ToolRecord.of("1.0", List.of("run", "nmi-task-kptr"), 7))
 *         .build();
 * System.out.println(run.asExpected()); // false
 * }</pre>
 *
 * @param target where it ran: {@code qemu}, {@code local}, or as the user named it
 * @param attempt counted from 1
 * @param bootRetries boots that failed before one succeeded
 * @param expected the verdict that the reproducer or the user says is right
 * @param mismatch what differs from the expectation beside the verdict
 * @param because why the verdict is expected, one line, if the reproducer says so
 * @param message why the verdict is what it is, one line, if it needs one: ERROR, UNSUPPORTED, REJECTED, INCONCLUSIVE
 * @param nmis the NMIs that were sent
 * @param timeline what happened, in order
 * @param samples what the CPUs were seen in while the machine was watched, in order for each of them
 * @param notes facts of the run for people: where the NMIs landed, what was ignored
 * @param accelerator {@code kvm} or {@code tcg}; {@code none} if no machine was started
 * @param origin where the machine came from: {@code boot}, {@code template}, or {@code real}
 * @param program how its program ended, if it is one
 * @param watchedMs for how long the machine was watched after the reproducer's work
 * @param tool the ksplat that made it
 */
public record RunRecord(
        String reproducer,
        KernelName kernel,
        String target,
        int attempt,
        int bootRetries,
        Verdict verdict,
        Verdict expected,
        Optional<String> mismatch,
        Optional<String> because,
        Optional<String> message,
        List<Evidence> evidence,
        List<Control> controls,
        List<NmiRecord> nmis,
        List<TimelineEvent> timeline,
        List<SampledSpan> samples,
        List<String> notes,
        Timings timings,
        String accelerator,
        String origin,
        Optional<ProgramRecord> program,
        OptionalLong watchedMs,
        Optional<ToolRecord> tool) {
    private static final String UNFINISHED =
            "the run did not finish: ksplat was killed, or its report could not be written";

    public RunRecord {
        evidence = List.copyOf(evidence);
        controls = List.copyOf(controls);
        nmis = List.copyOf(nmis);
        timeline = List.copyOf(timeline);
        samples = List.copyOf(samples);
        notes = List.copyOf(notes);
        accelerator = accelerator.isEmpty() ? "none" : accelerator;
    }

    private RunRecord(Builder given) {
        this(
                given.reproducer,
                given.kernel,
                given.target,
                given.attempt,
                given.bootRetries,
                given.verdict,
                given.expected,
                given.mismatch,
                given.because,
                given.message,
                given.evidence,
                given.controls,
                given.nmis,
                given.timeline,
                given.samples,
                given.notes,
                given.timings,
                given.accelerator,
                given.origin,
                given.program,
                given.watchedMs,
                given.tool);
    }

    /** Begins the record of a run. Until more is said, its verdict is ERROR, and CLEAN was expected. */
    public static Builder of(String reproducer, KernelName kernel, int attempt) {
        return new Builder(reproducer, kernel, attempt);
    }

    /** Returns the record of a run that has begun: what is known of it if it never ends. */
    static RunRecord unfinished(String reproducer, KernelName kernel, int attempt, Verdict expected) {
        return of(reproducer, kernel, attempt)
                .expected(expected)
                .message(UNFINISHED)
                .build();
    }

    /** Begins a record that differs from this one. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Returns the same record with another verdict. */
    public RunRecord withVerdict(Verdict other) {
        return toBuilder().verdict(other).build();
    }

    /** Returns whether the harness failed. */
    public boolean isError() {
        return verdict == Verdict.ERROR;
    }

    /** Returns whether the verdict is the expected one, and nothing else differs from the expectation. */
    public boolean asExpected() {
        return verdict == expected && mismatch.isEmpty();
    }

    /** Returns whether the run ended: false for one that ksplat was killed in. */
    public boolean isFinished() {
        return verdict != Verdict.ERROR || !message.equals(Optional.of(UNFINISHED));
    }

    /** Collects the fields of a record. */
    public static final class Builder {
        private String reproducer;
        private KernelName kernel;
        private int attempt;
        private String target = "qemu";
        private int bootRetries;
        private Verdict verdict = Verdict.ERROR;
        private Verdict expected = Verdict.CLEAN;
        private Optional<String> mismatch = Optional.empty();
        private Optional<String> because = Optional.empty();
        private Optional<String> message = Optional.empty();
        private List<Evidence> evidence = List.of();
        private List<Control> controls = List.of();
        private List<NmiRecord> nmis = List.of();
        private List<TimelineEvent> timeline = List.of();
        private List<SampledSpan> samples = List.of();
        private List<String> notes = List.of();
        private Timings timings = Timings.ofTotal(0);
        private String accelerator = "none";
        private String origin = "boot";
        private Optional<ProgramRecord> program = Optional.empty();
        private OptionalLong watchedMs = OptionalLong.empty();
        private Optional<ToolRecord> tool = Optional.empty();

        private Builder(String reproducer, KernelName kernel, int attempt) {
            this.reproducer = reproducer;
            this.kernel = kernel;
            this.attempt = attempt;
        }

        private Builder(RunRecord from) {
            this(from.reproducer, from.kernel, from.attempt);
            target = from.target;
            bootRetries = from.bootRetries;
            verdict = from.verdict;
            expected = from.expected;
            mismatch = from.mismatch;
            because = from.because;
            message = from.message;
            evidence = from.evidence;
            controls = from.controls;
            nmis = from.nmis;
            timeline = from.timeline;
            samples = from.samples;
            notes = from.notes;
            timings = from.timings;
            accelerator = from.accelerator;
            origin = from.origin;
            program = from.program;
            watchedMs = from.watchedMs;
            tool = from.tool;
        }

        public Builder reproducer(String id) {
            reproducer = id;
            return this;
        }

        public Builder kernel(KernelName name) {
            kernel = name;
            return this;
        }

        public Builder target(String name) {
            target = name;
            return this;
        }

        public Builder attempt(int number) {
            attempt = number;
            return this;
        }

        public Builder bootRetries(int boots) {
            bootRetries = boots;
            return this;
        }

        public Builder verdict(Verdict reached) {
            verdict = reached;
            return this;
        }

        public Builder expected(Verdict right) {
            expected = right;
            return this;
        }

        public Builder mismatch(String what) {
            return mismatch(Optional.of(what));
        }

        public Builder mismatch(Optional<String> what) {
            mismatch = what;
            return this;
        }

        public Builder because(String why) {
            return because(Optional.of(why));
        }

        public Builder because(Optional<String> why) {
            because = why;
            return this;
        }

        public Builder message(String why) {
            return message(Optional.of(why));
        }

        public Builder message(Optional<String> why) {
            message = why;
            return this;
        }

        public Builder evidence(List<Evidence> found) {
            evidence = found;
            return this;
        }

        public Builder controls(List<Control> read) {
            controls = read;
            return this;
        }

        public Builder nmis(List<NmiRecord> sent) {
            nmis = sent;
            return this;
        }

        public Builder timeline(List<TimelineEvent> events) {
            timeline = events;
            return this;
        }

        public Builder samples(List<SampledSpan> spans) {
            samples = spans;
            return this;
        }

        public Builder notes(List<String> lines) {
            notes = lines;
            return this;
        }

        /** Adds a note. */
        public Builder note(String line) {
            List<String> all = new ArrayList<>(notes);
            all.add(line);
            return notes(all);
        }

        public Builder timings(Timings spent) {
            timings = spent;
            return this;
        }

        public Builder accelerator(String id) {
            accelerator = id;
            return this;
        }

        public Builder origin(String id) {
            origin = id;
            return this;
        }

        public Builder program(ProgramRecord ended) {
            return program(Optional.of(ended));
        }

        public Builder program(Optional<ProgramRecord> ended) {
            program = ended;
            return this;
        }

        public Builder watchedMs(long ms) {
            return watchedMs(OptionalLong.of(ms));
        }

        public Builder watchedMs(OptionalLong ms) {
            watchedMs = ms;
            return this;
        }

        public Builder tool(ToolRecord made) {
            return tool(Optional.of(made));
        }

        public Builder tool(Optional<ToolRecord> made) {
            tool = made;
            return this;
        }

        /** Returns the record. */
        public RunRecord build() {
            return new RunRecord(this);
        }
    }
}
