// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Messages that a text must have in their order, and messages that it must not have in between. */
record Messages(List<Message> all) {
    static final Messages NONE = new Messages(List.of());

    Messages {
        all = List.copyOf(all);
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    /** Returns these and one more. */
    Messages and(Message more) {
        List<Message> longer = new ArrayList<>(all);
        longer.add(more);
        return new Messages(longer);
    }

    /**
     * Returns what differs; empty if the text is as expected. A message is looked for after the end of the one before; one that must not
     * be there, between its neighbours.
     *
     * @param what the text is, in words: "the verifier's log"
     */
    Optional<String> mismatch(String what, String text) {
        Match[] matches = positives(text);
        Optional<String> before = Optional.empty();
        Optional<Match> last = Optional.empty();
        for (int i = 0; i < matches.length; i++) {
            Message message = all.get(i);
            if (message.negative()) {
                Optional<PosixRegex.Found> found = unwanted(message, i, text, matches);
                if (found.isPresent()) {
                    return Optional.of(
                            what + " has " + quoted(line(text, found.get().start())) + ", and was not to have \""
                                    + message.text() + "\"" + after(before));
                }
                continue;
            }
            Match match = matches[i];
            if (match == null) {
                return Optional.of(what + " was to have " + message + after(before) + ", and has it not");
            }
            if (message.nextLine() && last.isPresent() && last.get().line + 1 != match.line) {
                return Optional.of(what + " was to have " + message + " on line " + (last.get().line + 2)
                        + after(before) + ", and has it on line " + (match.line + 1));
            }
            before = Optional.of(message.toString());
            last = Optional.of(match);
        }
        return Optional.empty();
    }

    private record Match(int start, int end, int line) {}

    private Match[] positives(String text) {
        Match[] matches = new Match[all.size()];
        int from = 0;
        int line = 0;
        int counted = 0;
        for (int i = 0; i < matches.length; i++) {
            Message message = all.get(i);
            if (message.negative()) {
                continue;
            }
            Optional<PosixRegex.Found> found = message.find(text, from);
            if (found.isPresent()) {
                line += newlines(text, counted, found.get().start());
                counted = found.get().start();
                from = found.get().end();
                matches[i] = new Match(found.get().start(), from, line);
            }
        }
        return matches;
    }

    private Optional<PosixRegex.Found> unwanted(Message message, int index, String text, Match[] matches) {
        int start = Arrays.stream(matches, 0, index)
                .filter(match -> match != null)
                .mapToInt(Match::end)
                .max()
                .orElse(0);
        int end = text.length();
        for (int next = index + 1; next < matches.length; next++) {
            if (!all.get(next).negative()) {
                end = matches[next] == null ? text.length() : matches[next].start;
                break;
            }
        }
        int limit = end;
        return message.find(text, start).filter(found -> found.end() <= limit);
    }

    private static int newlines(String text, int from, int to) {
        int count = 0;
        for (int at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) {
            count++;
        }
        return count;
    }

    private static String after(Optional<String> before) {
        return before.map(message -> " after " + message).orElse("");
    }

    private static String line(String text, int at) {
        int start = text.lastIndexOf('\n', at - 1) + 1;
        int end = text.indexOf('\n', at);
        return text.substring(start, end < 0 ? text.length() : end);
    }

    private static String quoted(String text) {
        return "\"" + text + "\"";
    }
}
