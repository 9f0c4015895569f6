// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.campaign.internal.statistics.NoisySearch;
import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.results.internal.campaign.BisectRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a bisection searched, and its runs in their order.
 *
 * @param lines one for each search, from the oldest member to the newest
 */
record Searched(List<BisectRecord.Line> lines, List<BisectRecord.Run> history) {
    Searched {
        lines = List.copyOf(lines);
        history = List.copyOf(history);
    }

    /**
     * Returns a line for the record: neighbours that were not run are one member.
     *
     * @param names from the good end to the bad end, as the search has them
     */
    static BisectRecord.Line line(String name, List<String> names, NoisySearch search, BisectGoal goal) {
        List<BisectRecord.Member> members = new ArrayList<>();
        int size = names.size();
        for (int i = 0; i < size; ) {
            // From the oldest on; the search of a cure goes the other way.
            int last = i;
            while (last + 1 < size
                    && isQuiet(search, at(last, size, goal))
                    && isQuiet(search, at(last + 1, size, goal))) {
                last++;
            }
            int member = at(i, size, goal);
            Rate rate = search.rate(member);
            members.add(new BisectRecord.Member(
                    names.get(member),
                    last == i ? Optional.empty() : Optional.of(names.get(at(last, size, goal))),
                    last - i + 1,
                    rate.seen(),
                    rate.runs(),
                    search.isSkipped(member),
                    probability(search, i, last, size, goal)));
            i = last + 1;
        }
        return new BisectRecord.Line(name, members);
    }

    private static int at(int fromOldest, int size, BisectGoal goal) {
        return goal == BisectGoal.CAUSE ? fromOldest : size - 1 - fromOldest;
    }

    private static boolean isQuiet(NoisySearch search, int member) {
        return search.rate(member).runs() == 0 && !search.isSkipped(member);
    }

    /** A cure came with the member after the last bad one. */
    private static double probability(NoisySearch search, int from, int to, int size, BisectGoal goal) {
        if (goal == BisectGoal.CAUSE) {
            return search.probability(from, to);
        }
        int first = size - to;
        int last = Math.min(size - 1, size - from);
        return first > last ? 0 : search.probability(first, last);
    }
}
