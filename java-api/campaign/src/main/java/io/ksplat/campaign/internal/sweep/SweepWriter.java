// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.util.List;
import java.util.Locale;

/** Writes the result of a sweep as a record and as text. */
final class SweepWriter {
    private SweepWriter() {}

    /**
     * Returns the record of a sweep.
     *
     * @param functions the code of the path
     */
    static SweepRecord record(SweepMap map, List<SweepRecord.Function> functions) {
        List<SweepPoint> measured = map.measured();
        return new SweepRecord(
                map.reproducer(),
                map.kernel(),
                map.key(),
                map.from(),
                map.cpu(),
                map.anchor(),
                map.seconds(),
                points(map.steps()),
                points(map.refined()),
                map.stretches().stream().map(SweepWriter::stretch).toList(),
                map.way()
                        .subList(
                                measured.get(0).n(),
                                measured.get(measured.size() - 1).n() + 1),
                functions);
    }

    private static List<SweepRecord.Point> points(List<SweepPoint> points) {
        return points.stream()
                .map(point -> new SweepRecord.Point(
                        point.n(),
                        point.address(),
                        point.function(),
                        point.offset(),
                        point.verdict(),
                        point.waitsFor(),
                        point.holds(),
                        point.console(),
                        point.message()))
                .toList();
    }

    private static SweepRecord.Stretch stretch(SweepMap.Stretch stretch) {
        return new SweepRecord.Stretch(
                stretch.first().n(),
                stretch.last().n(),
                stretch.measured(),
                stretch.length() - stretch.measured(),
                stretch.verdict(),
                stretch.first().waitsFor());
    }

    /** Returns the stretches of the path as text. */
    static String of(SweepMap map) {
        StringBuilder text = new StringBuilder();
        List<SweepPoint> measured = map.measured();
        long deadlocks =
                measured.stream().filter(p -> p.verdict() == Verdict.DEADLOCK).count();
        text.append(String.format(
                Locale.ROOT,
                "%s on %s, from %s on CPU %d: %d points measured, %d of them deadlocks, in %.1f s%n",
                map.reproducer(),
                map.key(),
                map.from(),
                map.cpu(),
                measured.size(),
                deadlocks,
                map.seconds()));
        text.append("anchor: ").append(map.anchor()).append('\n');
        for (SweepMap.Stretch stretch : map.stretches()) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %6d .. %-6d %-12s %s .. %s%s%s%s%n",
                    stretch.first().n(),
                    stretch.last().n(),
                    stretch.verdict(),
                    stretch.first().where(),
                    stretch.last().where(),
                    held(stretch),
                    stretch.first()
                            .waitsFor()
                            .map(lock -> ", waits for " + lock)
                            .orElse(""),
                    stretch.first().message().map(why -> ": " + why).orElse("")));
        }
        return text.toString();
    }

    /** Returns the locks that every measured point of a stretch holds. */
    private static String held(SweepMap.Stretch stretch) {
        return stretch.alwaysHeld().isEmpty() ? "" : ", holds " + String.join(", ", stretch.alwaysHeld());
    }
}
