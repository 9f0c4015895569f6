// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** How a reproducer of an operation does the operation once more. */
sealed interface Repetition {
    /** Returns the name of the text that its Java class is made of. */
    String template();

    /** Returns what replaces the word of this repetition there. */
    String words();

    /** Returns what its BPF C has before the family is included. */
    String before();

    /** Returns what its BPF C has behind. */
    String behind();

    /**
     * In an NMI.
     *
     * @param aim the part of the statement that says where the NMI is to arrive
     * @param before what its BPF C has before the family is included
     */
    record InNmi(String aim, String before) implements Repetition {
        /** The variable for which a task waits whose turn is to be walked. */
        static final String WALKED_TURN = "walked_turn";

        InNmi(String aim) {
            this(aim, "");
        }

        /**
         * Returns the one at each instruction of a path that is walked first.
         *
         * @param begin the function at whose first instruction it begins
         * @param turn the task's turn that is walked, from 1; it waits until the machine stands there
         */
        static InNmi ofWalk(String begin, int turn) {
            return new InNmi(".aimAt(\"" + begin + "\")", "#define WALKED_TURN " + turn + "\n");
        }

        @Override
        public String template() {
            return "Operation.java.txt";
        }

        @Override
        public String words() {
            return aim;
        }

        @Override
        public String behind() {
            return "";
        }
    }

    /** In programs that are attached to what it passes; each does it in a turn of its own. */
    record AtPlaces(List<Place> places) implements Repetition {
        public AtPlaces {
            places = List.copyOf(places);
        }

        @Override
        public String template() {
            return "Reentry.java.txt";
        }

        @Override
        public String words() {
            return places.stream()
                    .map(place -> "\n            \"" + place.section() + '"')
                    .collect(Collectors.joining(","));
        }

        @Override
        public String before() {
            return "#define PLACES " + places.size() + "\n";
        }

        @Override
        public String behind() {
            return IntStream.range(0, places.size())
                    .mapToObj(i -> "AGAIN(" + i + ", \"" + places.get(i).section() + "\")\n")
                    .collect(Collectors.joining());
        }
    }
}
