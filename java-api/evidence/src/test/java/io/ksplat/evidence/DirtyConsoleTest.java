// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Damages a console's bytes as transports may: the parser must not throw, hang or invent a report. */
@Timeout(120)
class DirtyConsoleTest {
    private static final int SEEDS = 30;

    private static final Pattern CALLER = Pattern.compile("(?:\\]\\[ *|caller=)([TC]\\d+)");

    static List<Path> logs() {
        return Logs.golden();
    }

    @ParameterizedTest
    @MethodSource("logs")
    void howTheTextIsCutDoesNotMatter(Path log) {
        byte[] text = Logs.bytes(log);
        List<Evidence> whole = ConsoleParser.parse(text);
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            List<Integer> sizes =
                    random.ints(1 + random.nextInt(6), 1, 900).boxed().toList();
            assertThat(Logs.inPieces(text, sizes)).as("pieces of " + sizes).isEqualTo(whole);
        }
    }

    @ParameterizedTest
    @MethodSource("logs")
    void aConsoleCutShortTellsNoOtherStory(Path log) {
        byte[] text = Logs.bytes(log);
        List<Evidence> whole = ConsoleParser.parse(text);
        for (int seed = 0; seed < SEEDS; seed++) {
            int length = new Random(seed).nextInt(text.length);
            List<Evidence> cut = ConsoleParser.parse(Arrays.copyOf(text, length));
            assertThat(cut).as("cut at " + length).hasSizeLessThanOrEqualTo(whole.size());
            for (int i = 0; i < cut.size(); i++) {
                assertThat(cut.get(i).guestSeconds())
                        .as("cut at " + length)
                        .isEqualTo(whole.get(i).guestSeconds());
            }
        }
    }

    /** Noise may separate a first line from its report or split a line, but there cannot be more reports than first lines. */
    @ParameterizedTest
    @MethodSource("logs")
    void randomBytesInsertedInventNoReport(Path log) {
        byte[] text = Logs.bytes(log);
        int most = ConsoleParser.parse(text).size() + headLines(text);
        for (int seed = 0; seed < SEEDS; seed++) {
            byte[] dirty = soil(text, new Random(seed));
            assertThat(ConsoleParser.parse(dirty).size()).as("seed " + seed).isLessThanOrEqualTo(most);
        }
    }

    @Test
    void noiseAloneIsNoReport() {
        for (int seed = 0; seed < 1000; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[random.nextInt(3000)];
            random.nextBytes(noise);
            assertThat(ConsoleParser.parse(noise)).as("seed " + seed).isEmpty();
        }
    }

    /** The lines of one caller keep their order, those of different callers mix at random. */
    @Test
    void callersMayInterleaveAnyhow() {
        Path log = Logs.golden().stream()
                .filter(file -> file.endsWith("netconsole-interleaved.log"))
                .findFirst()
                .orElseThrow();
        List<Evidence> found = sorted(ConsoleParser.parse(Logs.bytes(log)));
        for (int seed = 0; seed < 100; seed++) {
            byte[] shuffled = shuffle(Logs.bytes(log), new Random(seed));
            List<Evidence> again = sorted(ConsoleParser.parse(shuffled));
            assertThat(withoutLines(again)).as("seed " + seed).isEqualTo(withoutLines(found));
            assertThat(firstLines(again, shuffled)).as("seed " + seed).isEqualTo(firstLines(found, Logs.bytes(log)));
        }
    }

    private static List<Evidence> withoutLines(List<Evidence> found) {
        return found.stream()
                .map(evidence -> evidence.toBuilder().line(OptionalLong.empty()).build())
                .toList();
    }

    private static List<String> firstLines(List<Evidence> found, byte[] text) {
        String[] lines = new String(text, StandardCharsets.ISO_8859_1).split("\n", -1);
        return found.stream()
                .map(evidence -> lines[(int) evidence.line().orElseThrow() - 1])
                .toList();
    }

    private static byte[] shuffle(byte[] log, Random random) {
        Map<String, List<String>> callers = new LinkedHashMap<>();
        for (String line : new String(log, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            Matcher caller = CALLER.matcher(line);
            callers.computeIfAbsent(caller.find() ? caller.group(1) : "", name -> new ArrayList<>())
                    .add(line);
        }
        List<List<String>> waiting = new ArrayList<>(callers.values());
        StringBuilder shuffled = new StringBuilder();
        while (!waiting.isEmpty()) {
            List<String> lines = waiting.get(random.nextInt(waiting.size()));
            shuffled.append(lines.remove(0)).append('\n');
            waiting.removeIf(List::isEmpty);
        }
        return Logs.bytes(shuffled.toString());
    }

    private static byte[] soil(byte[] text, Random random) {
        int count = 1 + random.nextInt(200);
        ByteArrayOutputStream dirty = new ByteArrayOutputStream();
        for (byte b : text) {
            if (random.nextInt(text.length) < count) {
                byte[] noise = new byte[1 + random.nextInt(8)];
                random.nextBytes(noise);
                dirty.writeBytes(noise);
            }
            dirty.write(b);
        }
        return dirty.toByteArray();
    }

    private static List<Evidence> sorted(List<Evidence> found) {
        return found.stream().sorted(Comparator.comparing(Evidence::signature)).toList();
    }

    /** Counts the lines that begin a report if the lines before them are lost, such as the second and third line of a fault. */
    private static int headLines(byte[] text) {
        int count = 0;
        for (String line : new String(text, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            count += ConsoleParser.parse(Logs.bytes(line)).size();
        }
        return count;
    }
}
