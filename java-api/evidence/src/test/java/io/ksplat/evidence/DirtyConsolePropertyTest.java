// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class DirtyConsolePropertyTest {
    private static final Pattern CALLER = Pattern.compile("(?:\\]\\[ *|caller=)([TC]\\d+)");

    @Provide
    Arbitrary<Path> logs() {
        return Arbitraries.of(Logs.golden());
    }

    @Property(tries = 150)
    void howTheTextIsCutDoesNotMatter(
            @ForAll("logs") Path log,
            @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 900) Integer> sizes) {
        byte[] text = Logs.bytes(log);
        assertThat(Logs.inPieces(text, sizes)).isEqualTo(ConsoleParser.parse(text));
    }

    @Property(tries = 150)
    void aConsoleCutShortTellsNoOtherStory(@ForAll("logs") Path log, @ForAll @IntRange(max = 8000) int length) {
        byte[] text = Logs.bytes(log);
        List<Evidence> whole = ConsoleParser.parse(text);
        List<Evidence> cut = ConsoleParser.parse(Arrays.copyOf(text, Math.min(length, text.length)));
        assertThat(cut).hasSizeLessThanOrEqualTo(whole.size());
        for (int i = 0; i < cut.size(); i++) {
            assertThat(cut.get(i).guestSeconds()).isEqualTo(whole.get(i).guestSeconds());
        }
    }

    @Property(tries = 150)
    void randomBytesInsertedInventNoReport(
            @ForAll("logs") Path log, @ForAll long seed, @ForAll @IntRange(min = 1, max = 200) int count) {
        byte[] text = Logs.bytes(log);
        Random random = new Random(seed);
        ByteArrayOutputStream dirty = new ByteArrayOutputStream();
        for (byte b : text) {
            if (random.nextInt(text.length) < count) {
                byte[] noise = new byte[1 + random.nextInt(8)];
                random.nextBytes(noise);
                dirty.writeBytes(noise);
            }
            dirty.write(b);
        }
        long heads = ConsoleParser.parse(text).size();
        // noise may tear a first line off its report, or cut a line in two; it cannot make more reports than there are
        // first lines
        assertThat(ConsoleParser.parse(dirty.toByteArray()).size()).isLessThanOrEqualTo((int) heads + headLines(text));
    }

    @Property(tries = 100)
    void noiseAloneIsNoReport(@ForAll byte[] noise) {
        assertThat(ConsoleParser.parse(noise)).isEmpty();
    }

    /** Each caller's lines keep their order; how the callers' lines fall between each other is chance. */
    @Property(tries = 100)
    void callersMayInterleaveAnyhow(@ForAll long seed) {
        Path log = Logs.golden().stream()
                .filter(file -> file.endsWith("netconsole-interleaved.log"))
                .findFirst()
                .orElseThrow();
        List<List<String>> callers = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (String line : new String(Logs.bytes(log), StandardCharsets.ISO_8859_1).split("\n", -1)) {
            Matcher caller = CALLER.matcher(line);
            String name = caller.find() ? caller.group(1) : "";
            if (!names.contains(name)) {
                names.add(name);
                callers.add(new ArrayList<>());
            }
            callers.get(names.indexOf(name)).add(line);
        }
        Random random = new Random(seed);
        StringBuilder shuffled = new StringBuilder();
        while (callers.stream().anyMatch(lines -> !lines.isEmpty())) {
            List<String> lines = callers.get(random.nextInt(callers.size()));
            if (!lines.isEmpty()) {
                shuffled.append(lines.remove(0)).append('\n');
            }
        }
        assertThat(sorted(ConsoleParser.parse(Logs.bytes(shuffled.toString()))))
                .isEqualTo(sorted(ConsoleParser.parse(Logs.bytes(log))));
    }

    private static List<Evidence> sorted(List<Evidence> found) {
        return found.stream().sorted(Comparator.comparing(Evidence::signature)).toList();
    }

    /** Lines that begin a report of their own when what is before them is lost: a fault's second and third line. */
    private static int headLines(byte[] text) {
        int count = 0;
        for (String line : new String(text, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            count += ConsoleParser.parse(Logs.bytes(line)).size();
        }
        return count;
    }
}
