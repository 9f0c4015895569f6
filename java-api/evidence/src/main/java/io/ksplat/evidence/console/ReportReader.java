// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.console;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import java.util.List;

/** Turns a report's lines into evidence. */
final class ReportReader {
    private ReportReader() {}

    static Evidence read(Report report) {
        List<Trace> traces = TraceReader.read(report.lines);
        Titles.Title title = Titles.of(report, traces);
        List<Stack> stacks =
                traces.stream().flatMap(trace -> trace.stacks().stream()).toList();
        List<LockRef> locks = List.of();
        List<CycleNode> cycle = List.of();
        EvidenceKind kind = title.kind();
        String signature = kind.id() + ": " + title.text();
        return new Evidence(
                kind,
                title.text(),
                signature,
                locks,
                cycle,
                stacks,
                Source.CONSOLE,
                report.lines.get(0).seconds());
    }
}
