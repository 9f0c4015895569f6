// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import io.ksplat.evidence.internal.Facts;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Builds {@link Evidence}. It takes fields that are not set from the {@link Details}; the others stay empty.
 *
 * <pre>{@code
 * Evidence stuck = Evidence.builder(EvidenceKind.CPU_STUCK, "CPU 0 stuck in foo", "cpu-stuck:nmi:foo")
 *         .function("foo")
 *         .cpu(0)
 *         .build();
 * }</pre>
 */
public final class EvidenceBuilder {
    final EvidenceKind kind;
    final String title;
    final String signature;
    Optional<String> function = Optional.empty();
    String type;
    OptionalInt cpu = OptionalInt.empty();
    Optional<Task> task = Optional.empty();
    OptionalDouble seconds = OptionalDouble.empty();
    OptionalLong line = OptionalLong.empty();
    int count = 1;
    Optional<String> incident = Optional.empty();
    Optional<Evidence.Role> role = Optional.empty();
    List<LockRef> locks = List.of();
    List<CycleNode> cycle = List.of();
    List<Stack> stacks = List.of();
    Source source = Source.OUTSIDE;
    OptionalDouble guestSeconds = OptionalDouble.empty();
    Optional<String> wallTime = Optional.empty();
    OptionalInt preemptCount = OptionalInt.empty();
    List<String> inFlight = List.of();
    List<Task> blocked = List.of();
    Details details = new Details.None();

    EvidenceBuilder(EvidenceKind kind, String title, String signature) {
        this.kind = kind;
        this.title = title;
        this.signature = signature;
        this.type = kind.type();
    }

    EvidenceBuilder(Evidence from) {
        this(from.kind(), from.title(), from.signature());
        function = from.function();
        type = from.type();
        cpu = from.cpu();
        task = from.task();
        seconds = from.seconds();
        line = from.line();
        count = from.count();
        incident = from.incident();
        role = from.role();
        locks = from.locks();
        cycle = from.cycle();
        stacks = from.stacks();
        source = from.source();
        guestSeconds = from.guestSeconds();
        wallTime = from.wallTime();
        preemptCount = from.preemptCount();
        inFlight = from.inFlight();
        blocked = from.blocked();
        details = from.details();
    }

    public EvidenceBuilder function(String name) {
        return function(Optional.of(name));
    }

    public EvidenceBuilder function(Optional<String> name) {
        function = name;
        return this;
    }

    public EvidenceBuilder type(String name) {
        type = name;
        return this;
    }

    public EvidenceBuilder cpu(int number) {
        return cpu(OptionalInt.of(number));
    }

    public EvidenceBuilder cpu(OptionalInt number) {
        cpu = number;
        return this;
    }

    public EvidenceBuilder task(Task who) {
        return task(Optional.of(who));
    }

    public EvidenceBuilder task(Optional<Task> who) {
        task = who;
        return this;
    }

    public EvidenceBuilder seconds(OptionalDouble stuck) {
        seconds = stuck;
        return this;
    }

    public EvidenceBuilder line(OptionalLong first) {
        line = first;
        return this;
    }

    public EvidenceBuilder count(int times) {
        count = times;
        return this;
    }

    /** Sets the incident and the part of the evidence in it. */
    public EvidenceBuilder incident(String name, Evidence.Role in) {
        incident = Optional.of(name);
        role = Optional.of(in);
        return this;
    }

    public EvidenceBuilder locks(List<LockRef> named) {
        locks = named;
        return this;
    }

    public EvidenceBuilder cycle(List<CycleNode> nodes) {
        cycle = nodes;
        return this;
    }

    public EvidenceBuilder stacks(List<Stack> all) {
        stacks = all;
        return this;
    }

    public EvidenceBuilder source(Source seen) {
        source = seen;
        return this;
    }

    public EvidenceBuilder guestSeconds(OptionalDouble stamp) {
        guestSeconds = stamp;
        return this;
    }

    public EvidenceBuilder wallTime(String written) {
        wallTime = Optional.of(written);
        return this;
    }

    public EvidenceBuilder preemptCount(OptionalInt printed) {
        preemptCount = printed;
        return this;
    }

    public EvidenceBuilder inFlight(List<String> functions) {
        inFlight = functions;
        return this;
    }

    public EvidenceBuilder blocked(List<Task> waiting) {
        blocked = waiting;
        return this;
    }

    public EvidenceBuilder details(Details told) {
        details = told;
        return this;
    }

    /** Returns the evidence. */
    public Evidence build() {
        return new Evidence(completed());
    }

    /** Fills fields that are not set from the details. */
    EvidenceBuilder completed() {
        Facts facts = Facts.of(kind, details);
        cpu = cpu.isPresent() ? cpu : facts.cpu();
        task = task.or(facts::task);
        seconds = seconds.isPresent() ? seconds : facts.seconds();
        locks = Facts.locks(locks, details);
        cycle = Facts.cycle(cycle, details);
        stacks = Facts.stacks(stacks, details);
        return this;
    }
}
