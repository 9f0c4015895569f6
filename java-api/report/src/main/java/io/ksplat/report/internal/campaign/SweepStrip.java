// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.evidence.Verdict;
import io.ksplat.report.internal.page.Words;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;

/**
 * The executed path of a sweep, in rows from left to right: an instruction beside the other, the functions above, below them what an
 * NMI does there, and the locks that are held.
 *
 * @param locks how many locks are drawn
 * @param cut whether some of it is not drawn
 */
public record SweepStrip(Chart chart, int locks, boolean cut) {
    private static final int WIDTH = 1080;
    private static final int GUTTER = 196;
    private static final int RIGHT = 10;
    private static final int LEAST_PER_ROW = 60;
    private static final int MOST_PER_ROW = 440;
    private static final int MOST_ROWS = 14;
    private static final int MOST_BARS = 6000;
    private static final int MOST_LOCKS = 10;
    private static final int TICKS = 9;

    private static final int FUNCTION = 14;
    private static final int EFFECT = 32;
    private static final int LOCK = 55;
    private static final int LOCK_STEP = 13;

    static Optional<SweepStrip> of(SweepRecord sweep) {
        if (sweep.path().isEmpty() || sweep.measured().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Drawer(sweep).draw());
    }

    private static final class Drawer {
        private final SweepRecord sweep;
        private final int first;
        private final int count;
        private final TreeMap<Integer, SweepRecord.Point> measured = new TreeMap<>();
        private final TreeMap<Long, SweepRecord.Function> functions = new TreeMap<>(Long::compareUnsigned);
        private final List<String> locks;
        private final boolean more;
        private final Chart.Pen pen = new Chart.Pen();

        Drawer(SweepRecord sweep) {
            this.sweep = sweep;
            sweep.measured().forEach(point -> measured.put(point.n(), point));
            sweep.functions().forEach(function -> functions.put(function.address(), function));
            first = measured.firstKey();
            count = Math.min(sweep.path().size(), measured.lastKey() - first + 1);
            Collection<String> all = new LinkedHashSet<>();
            measured.values().forEach(point -> all.addAll(point.holds()));
            locks = all.stream().limit(MOST_LOCKS).toList();
            more = all.size() > locks.size();
        }

        SweepStrip draw() {
            int perRow = Math.max(LEAST_PER_ROW, Math.min(MOST_PER_ROW, (count + MOST_ROWS - 1) / MOST_ROWS));
            perRow = count <= 2 * LEAST_PER_ROW ? Math.min(count, perRow) : perRow;
            int y = 0;
            int begin = 0;
            for (int row = 0; row < MOST_ROWS && begin < count && pen.bars() < MOST_BARS; row++) {
                y = row(begin, Math.min(count, begin + perRow), perRow, y);
                begin += perRow;
            }
            return new SweepStrip(pen.end(WIDTH, y), locks.size(), more || begin < count);
        }

        private int row(int begin, int end, int perRow, int y) {
            ticks(begin, end, perRow, y);
            pen.word(GUTTER - 8, y + FUNCTION + 12, "end", "side", "function");
            runs(
                    begin,
                    end,
                    this::function,
                    (from, to, name) -> pen.bar(
                            x(from - begin, perRow),
                            y + FUNCTION,
                            x(to - begin, perRow) - x(from - begin, perRow),
                            16,
                            "function",
                            name,
                            name + ", instructions " + (first + from) + " to " + (first + to - 1)));
            pen.word(GUTTER - 8, y + EFFECT + 14, "end", "side", "an NMI before it");
            runs(begin, end, this::effect, (from, to, effect) -> {
                boolean deadly = effect.verdict == Verdict.DEADLOCK;
                int height = deadly ? 18 : 10;
                pen.bar(
                        x(from - begin, perRow),
                        y + EFFECT + 18 - height,
                        x(to - begin, perRow) - x(from - begin, perRow),
                        height,
                        style(effect.verdict),
                        deadly ? "deadlock" : "",
                        "instructions " + (first + from) + " to " + (first + to - 1) + ": "
                                + word(effect.verdict)
                                + effect.waitsFor
                                        .map(lock -> ", waits for " + lock)
                                        .orElse(""));
            });
            measured(begin, end, perRow, y + EFFECT + 21);
            int lockY = y + LOCK;
            for (String lock : locks) {
                boolean[] any = new boolean[1];
                int top = lockY;
                runs(begin, end, n -> isHeld(n, lock) ? lock : null, (from, to, name) -> {
                    any[0] = true;
                    pen.bar(
                            x(from - begin, perRow),
                            top,
                            x(to - begin, perRow) - x(from - begin, perRow),
                            8,
                            "held",
                            "",
                            Words.shortened(lock) + " is held, instructions " + (first + from) + " to "
                                    + (first + to - 1));
                });
                if (any[0]) {
                    pen.word(GUTTER - 8, lockY + 8, "end", "side lock", Words.shortened(lock, 27));
                    lockY += LOCK_STEP;
                }
            }
            return lockY + 12;
        }

        /** Marks what was measured, unless that is all. */
        private void measured(int begin, int end, int perRow, int y) {
            if (measured.size() == count || perRow > MOST_PER_ROW / 2) {
                return;
            }
            for (int n : measured.subMap(first + begin, first + end).keySet()) {
                int middle = (x(n - first - begin, perRow) + x(n - first - begin + 1, perRow)) / 2;
                pen.mark(middle, y, 2, "measured", "", n + " was measured");
            }
        }

        private void ticks(int begin, int end, int perRow, int y) {
            int step = 1;
            for (int i = 0; perRow / step > TICKS; i++) {
                // 1, 2, 5, 10, 20, 50 ...
                step = i % 3 == 1 ? step / 2 * 5 : step * 2;
            }
            for (int n = begin; n < end; n++) {
                if ((first + n) % step == 0) {
                    pen.word(x(n - begin, perRow), y + 9, "start", "tick", Integer.toString(first + n));
                    pen.line(x(n - begin, perRow), y + 11, x(n - begin, perRow), y + EFFECT + 20, "tick");
                }
            }
        }

        private static int x(int column, int perRow) {
            return GUTTER + (int) Math.round((double) column * (WIDTH - GUTTER - RIGHT) / perRow);
        }

        /** Is told of instructions beside each other that have the same. */
        private interface Same<V> {
            void of(int from, int to, V value);
        }

        private <V> void runs(int begin, int end, IntFunction<@org.jspecify.annotations.Nullable V> of, Same<V> same) {
            int from = begin;
            @org.jspecify.annotations.Nullable V value = of.apply(begin);
            for (int n = begin + 1; n <= end; n++) {
                @org.jspecify.annotations.Nullable V next = n < end ? of.apply(n) : null;
                if (n == end || !Objects.equals(value, next)) {
                    if (value != null && pen.bars() < MOST_BARS) {
                        same.of(from, n, value);
                    }
                    from = n;
                    value = next;
                }
            }
        }

        private String function(int index) {
            long address = sweep.path().get(index);
            Map.Entry<Long, SweepRecord.Function> at = functions.floorEntry(address);
            return at != null
                            && Long.compareUnsigned(
                                            address - at.getKey(), at.getValue().size())
                                    < 0
                    ? Words.shortened(at.getValue().name(), 60)
                    : "0x" + Long.toHexString(address);
        }

        private record Effect(Verdict verdict, Optional<String> waitsFor) {}

        /** Returns what an NMI does, unless the points around it differ. */
        private @org.jspecify.annotations.Nullable Effect effect(int index) {
            SweepRecord.Point before = measured.floorEntry(first + index).getValue();
            SweepRecord.Point after = measured.ceilingEntry(first + index).getValue();
            return before.isLike(after) ? new Effect(before.verdict(), before.waitsFor()) : null;
        }

        private boolean isHeld(int index, String lock) {
            return measured.floorEntry(first + index).getValue().holds().contains(lock)
                    && measured.ceilingEntry(first + index).getValue().holds().contains(lock);
        }
    }

    static String style(Verdict verdict) {
        return switch (verdict) {
            case DEADLOCK -> "deadly";
            case CLEAN -> "safe";
            default -> "unclear";
        };
    }

    static String word(Verdict verdict) {
        return switch (verdict) {
            case DEADLOCK -> "deadlocks";
            case CLEAN -> "is safe";
            default -> verdict.name();
        };
    }

    /** Returns what the picture shows, in words. */
    static String words(SweepRecord sweep) {
        List<String> parts = new ArrayList<>();
        for (SweepRecord.Stretch stretch : sweep.stretches()) {
            parts.add(stretch.from() + " to " + stretch.to() + " " + word(stretch.verdict())
                    + stretch.waitsFor()
                            .map(lock -> " (" + Words.shortened(lock) + ")")
                            .orElse(""));
            if (parts.size() == 40) {
                parts.add("and so on");
                break;
            }
        }
        return "An NMI before instruction " + String.join("; ", parts) + ".";
    }
}
