// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceBuilder;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.internal.Facts;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Turns the lines of a report into evidence. */
final class ReportReader {
    private ReportReader() {}

    static Evidence read(Report report) {
        List<Trace> traces = TraceReader.read(report.lines);
        Details details = details(report, traces);
        Titles.Title title = Titles.of(report, traces, details);
        EvidenceKind kind = title.kind();
        List<Stack> stacks = traces.stream()
                .sorted(Comparator.comparing(trace -> weight(trace, title)))
                .flatMap(trace -> trace.stacks().stream())
                .toList();
        EvidenceBuilder evidence = Evidence.builder(kind, title.text(), Signatures.of(kind, title, details, traces))
                .function(title.function())
                .type(title.type())
                .line(OptionalLong.of(report.number))
                .locks(locks(details))
                .cycle(Cycles.of(kind, details, FaultReader.cpu(report.lines)))
                .stacks(stacks)
                .source(isStream(report) ? Source.BPF_STREAM : Source.CONSOLE)
                .guestSeconds(report.lines.get(0).seconds())
                .preemptCount(FaultReader.preemptCount(report.lines))
                .details(details);
        String wallTime = report.lines.get(0).lead().wallTime();
        if (!wallTime.isEmpty()) {
            evidence.wallTime(wallTime);
        }
        if (details instanceof Details.Stall stall) {
            evidence.inFlight(StallReader.inFlight(report, stall.cpus()));
        }
        return whereAndWho(evidence, report, traces, of(kind, details, traces, title))
                .build();
    }

    /** Of several CPUs that a stall names, the one whose trace has the title's function: others may only idle. */
    private static Facts of(EvidenceKind kind, Details details, List<Trace> traces, Titles.Title title) {
        Facts facts = Facts.of(kind, details);
        if (!(details instanceof Details.Stall stall) || stall.cpus().size() < 2) {
            return facts;
        }
        return traces.stream()
                .filter(trace -> trace.cpu().isPresent()
                        && stall.cpus().contains(trace.cpu().getAsInt()))
                .filter(trace -> title.function().isPresent() && weight(trace, title) == 0)
                .findFirst()
                .map(trace -> new Facts(trace.cpu(), facts.task(), facts.seconds()))
                .orElse(facts);
    }

    /** Adds CPU and task of the dump if the details do not have them. */
    private static EvidenceBuilder whereAndWho(
            EvidenceBuilder evidence, Report report, List<Trace> traces, Facts known) {
        return switch (report.rule().family()) {
            // the first dump may be that of the CPU that detected the stall
            case STALL ->
                known.cpu().isPresent() && known.task().isEmpty()
                        ? evidence.cpu(known.cpu())
                                .task(running(report, known.cpu().getAsInt())
                                        .or(() -> traces.stream()
                                                .filter(trace -> trace.isMain()
                                                        && trace.cpu().equals(known.cpu()))
                                                .flatMap(trace -> trace.task().stream())
                                                .findFirst()))
                        : evidence;
            case STREAM -> evidence.cpu(StreamReader.cpu(report.lines));
            case LOCKDEP, MEMORY, FAULT, WARNING, PANIC, LINE ->
                evidence.cpu(known.cpu().isPresent() ? known.cpu() : FaultReader.cpu(report.lines))
                        .task(known.task().or(() -> FaultReader.running(report.lines)));
        };
    }

    /** Old kernels leave the CPU out of the dump; the NMI in which a CPU finds that it hangs itself is on that CPU. */
    private static Optional<Task> running(Report report, int cpu) {
        return FaultReader.running(report.lines, cpu)
                .or(() -> report.rule().kind() == EvidenceKind.HARD_LOCKUP
                        ? FaultReader.runningSomewhere(report.lines)
                        : Optional.empty());
    }

    /** A stream's text may have been copied into any console or log. */
    private static boolean isStream(Report report) {
        return report.rule().family() == Rule.Family.STREAM;
    }

    /** Sorts the trace with the title's function first, then other main traces, then earlier events. */
    private static int weight(Trace trace, Titles.Title title) {
        if (!trace.isMain()) {
            return 2;
        }
        return title.function()
                .filter(name -> trace.entries().stream()
                        .anyMatch(entry -> Names.title(entry.frame().function()).equals(name)))
                .map(name -> 0)
                .orElse(1);
    }

    private static Details details(Report report, List<Trace> traces) {
        return switch (report.rule().family()) {
            case LOCKDEP ->
                report.rule().kind() == EvidenceKind.SPINLOCK_BUG
                        ? FaultReader.spinlock(report)
                        : LockReader.read(report.lines, traces);
            case STALL -> StallReader.read(report);
            case MEMORY -> FaultReader.access(report);
            case FAULT, WARNING -> FaultReader.exception(report);
            case PANIC -> new Details.Panic(panic(report.lines.get(0).text()));
            case STREAM -> StreamReader.read(report.lines);
            case LINE -> report.rule().kind() == EvidenceKind.HUNG_TASK ? StallReader.read(report) : new Details.None();
        };
    }

    private static String panic(String text) {
        int cause = text.indexOf("syncing: ");
        return cause < 0 ? text : text.substring(cause + "syncing: ".length()).strip();
    }

    private static List<LockRef> locks(Details details) {
        return details instanceof Details.Locks locks
                ? Stream.of(
                                locks.wanted().stream(),
                                locks.chain().stream().map(Details.Dependency::lock),
                                locks.held().stream())
                        .flatMap(stream -> stream)
                        .map(HeldLock::lock)
                        .collect(Collectors.toMap(
                                LockRef::name, lock -> lock, (first, again) -> first, LinkedHashMap::new))
                        .values()
                        .stream()
                        .toList()
                : details instanceof Details.Stream stream
                        ? Stream.concat(stream.attempted().stream(), stream.held().stream())
                                .distinct()
                                .map(address -> new LockRef("0x" + address, Optional.of(address), Optional.empty()))
                                .toList()
                        : List.of();
    }
}
