// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** What became of the tests so far. */
final class Tally {
    private final List<Pattern> foreseen;
    private final Map<String, Event> failed = new LinkedHashMap<>();
    private final Set<String> passed = new TreeSet<>();
    private final Map<String, Event> flaky = new LinkedHashMap<>();
    private final Map<String, Event> skipped = new LinkedHashMap<>();
    private final Map<String, Event> running = new LinkedHashMap<>();
    private final Map<String, Long> ended = new TreeMap<>();

    /** @param foreseen expressions of the skips that are no surprise, each of CLASS#METHOD: REASON */
    Tally(List<Pattern> foreseen) {
        this.foreseen = List.copyOf(foreseen);
    }

    void add(Event event) {
        String test = event.module() + " " + event.test();
        switch (event.kind()) {
            case PLAN -> {}
            case CLASS -> running.put(event.place(), event);
            case ENDED -> {
                running.remove(event.place());
                ended.merge(event.place(), event.millis(), Math::max);
            }
            case PASSED -> {
                Event before = failed.remove(test);
                if (before != null) {
                    flaky.put(test, before);
                }
                passed.add(test);
            }
            case FAILED -> {
                passed.remove(test);
                failed.put(test, event);
            }
            case SKIPPED -> skipped.put(test, event);
        }
    }

    int passed() {
        return passed.size();
    }

    int done() {
        return passed.size() + failed.size() + skipped.size();
    }

    List<Event> failed() {
        return List.copyOf(failed.values());
    }

    /** Returns what failed first and passed when Surefire ran it again. */
    List<Event> flaky() {
        return List.copyOf(flaky.values());
    }

    /** Returns the classes that time was too short for. */
    List<Event> unfit() {
        return skipped(event -> event.text().contains(TimeLimit.REASON));
    }

    List<Event> skipped() {
        return skipped(event -> !event.text().contains(TimeLimit.REASON));
    }

    /** Returns the skips that no expression foresees. */
    List<Event> surprises() {
        return skipped(event -> !event.text().contains(TimeLimit.REASON)
                && foreseen.stream()
                        .noneMatch(known -> known.matcher(event.test() + ": " + event.text())
                                .find()));
    }

    private List<Event> skipped(Predicate<Event> which) {
        return skipped.values().stream().filter(which).toList();
    }

    /** Returns the classes that run now, the one that began first at the front. */
    List<Event> running() {
        return List.copyOf(running.values());
    }

    /** Returns how long each class took, in milliseconds, by {@link Event#place}. */
    Map<String, Long> ended() {
        return Map.copyOf(ended);
    }
}
