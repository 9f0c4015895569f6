// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An annotation as it stands in an object's BTF, read from any of its three spellings: {@code comment:test_expect_msg=MESSAGE} (since
 * 2022), {@code comment:test_expect_msg=N=MESSAGE}, {@code comment:N:test_expect_msg=MESSAGE} (7.x).
 *
 * @param name without the value: {@code test_expect_msg}
 * @param value empty if it has none
 */
record Tag(String name, Optional<String> value) {
    private static final String PREFIX = "comment:";
    private static final Pattern NUMBER_FIRST = Pattern.compile("(\\d{1,9}):(.*)", Pattern.DOTALL);
    private static final Pattern NUMBER_IN_VALUE = Pattern.compile("(\\d{1,9})=(.*)", Pattern.DOTALL);

    /** Those that the second spelling numbers, so that a compiler keeps two of the same. */
    private static final Set<String> NUMBERED = Set.of(
            "test_expect_msg",
            "test_expect_msg_unpriv",
            "test_expect_regex",
            "test_expect_regex_unpriv",
            "test_expect_xlated",
            "test_expect_xlated_unpriv",
            "test_jited",
            "test_jited_unpriv");

    /** Which number decides the order. */
    enum Spelling {
        NONE,
        IN_VALUE,
        FIRST
    }

    private record Numbered(int number, Tag tag) {}

    /**
     * Finds out how an object spells its annotations: a message that itself begins with a number and an equals sign is no number.
     *
     * @param tags of all its programs
     */
    static Spelling spelling(List<String> tags) {
        List<String> own = tags.stream()
                .filter(tag -> tag.startsWith(PREFIX))
                .map(Tag::body)
                .toList();
        if (own.stream().anyMatch(body -> NUMBER_FIRST.matcher(body).matches())) {
            return Spelling.FIRST;
        }
        List<Tag> numbered = own.stream()
                .map(Tag::split)
                .filter(tag -> NUMBERED.contains(tag.name))
                .toList();
        return !numbered.isEmpty()
                        && numbered.stream()
                                .allMatch(tag -> NUMBER_IN_VALUE
                                        .matcher(tag.value.orElse(""))
                                        .matches())
                ? Spelling.IN_VALUE
                : Spelling.NONE;
    }

    /** Returns the annotations among a program's tags, in the order of its source. */
    static List<Tag> read(List<String> tags, Spelling spelling) {
        List<Numbered> numbered = new ArrayList<>();
        for (String tag : tags) {
            if (tag.startsWith(PREFIX)) {
                numbered.add(read(body(tag), spelling));
            }
        }
        numbered.sort(Comparator.comparingInt(Numbered::number));
        return numbered.stream().map(Numbered::tag).toList();
    }

    private static Numbered read(String body, Spelling spelling) {
        Matcher first = NUMBER_FIRST.matcher(body);
        if (spelling == Spelling.FIRST && first.matches()) {
            return new Numbered(Integer.parseInt(first.group(1)), split(first.group(2)));
        }
        Tag tag = split(body);
        Matcher inValue = NUMBER_IN_VALUE.matcher(tag.value.orElse(""));
        if (spelling == Spelling.IN_VALUE && NUMBERED.contains(tag.name) && inValue.matches()) {
            return new Numbered(Integer.parseInt(inValue.group(1)), new Tag(tag.name, Optional.of(inValue.group(2))));
        }
        return new Numbered(0, tag);
    }

    private static String body(String tag) {
        return tag.substring(PREFIX.length());
    }

    private static Tag split(String body) {
        int equals = body.indexOf('=');
        return equals < 0
                ? new Tag(body, Optional.empty())
                : new Tag(body.substring(0, equals), Optional.of(body.substring(equals + 1)));
    }
}
