// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A stack, and the others that are like it.
 *
 * @param names whose it is
 * @param left how many frames are not shown
 */
public record StackCard(List<String> names, List<Frame> frames, int left) {
    /** For a page that shows no source. */
    public static final Function<Frame, String> NO_LINKS = frame -> "";

    private static final int FRAMES = 80;
    private static final int CARDS = 48;
    private static final int NAMES = 16;

    public StackCard {
        names = List.copyOf(names);
        frames = List.copyOf(frames);
    }

    /** Returns the stacks, each once, as far as a page has room for them. */
    public static List<StackCard> of(List<Stack> stacks) {
        Map<List<String>, List<Stack>> alike = new LinkedHashMap<>();
        for (Stack stack : stacks) {
            List<String> key = new ArrayList<>();
            key.add(stack.context());
            stack.frames().forEach(frame -> key.add(frame.function() + (frame.certain() ? "" : "?")));
            alike.computeIfAbsent(key, first -> new ArrayList<>()).add(stack);
        }
        return alike.values().stream().limit(CARDS).map(StackCard::card).toList();
    }

    private static StackCard card(List<Stack> same) {
        List<Frame> frames = same.get(0).frames();
        return new StackCard(
                same.stream().map(Words::stack).toList(),
                frames.subList(0, Math.min(FRAMES, frames.size())),
                Math.max(0, frames.size() - FRAMES));
    }

    /** Returns whose it is, in one line. */
    public String title() {
        if (names.size() == 1) {
            return names.get(0);
        }
        int more = names.size() - NAMES;
        return names.size() + " alike: " + String.join("; ", names.subList(0, Math.min(NAMES, names.size())))
                + (more > 0 ? "; and " + more + " more" : "");
    }
}
