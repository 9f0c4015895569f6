// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import io.ksplat.campaign.Entries;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.results.internal.wire.CampaignJson;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SweepMapTest {
    private static final long TEXT = 0xffffffff81000000L;

    private static SweepPoint point(int n, Verdict verdict, String lock) {
        return new SweepPoint(
                n,
                TEXT + n,
                "walk",
                n,
                verdict,
                n % 2 == 0 ? List.of("outer", "inner") : List.of("outer"),
                lock.isEmpty() ? Optional.empty() : Optional.of(lock),
                List.of(),
                Optional.empty());
    }

    private static SweepPoint clean(int n) {
        return point(n, Verdict.CLEAN, "");
    }

    private static SweepPoint dead(int n) {
        return point(n, Verdict.DEADLOCK, "rdp.lock");
    }

    /** Every second instruction of ten. The border between 2 and 4 is at 3, the one between 6 and 8 at 8. */
    private static SweepMap map() {
        return new SweepMap(
                "nmi-task-kptr",
                "debian:7.2",
                "7.2.13",
                "walk",
                0,
                "an-anchor",
                List.of(clean(0), clean(2), dead(4), dead(6), clean(8)),
                List.of(dead(3), dead(7)),
                LongStream.range(0, 9).mapToObj(n -> TEXT + n).toList(),
                1.5);
    }

    @Test
    void tellsWhatWasMeasuredFromWhatIsInferred() {
        List<SweepMap.Stretch> stretches = map().stretches();
        assertThat(stretches)
                .extracting(SweepMap.Stretch::verdict)
                .containsExactly(Verdict.CLEAN, Verdict.DEADLOCK, Verdict.CLEAN);
        assertThat(stretches)
                .extracting(s -> s.first().n() + ".." + s.last().n())
                .containsExactly("0..2", "3..7", "8..8");
        assertThat(stretches).extracting(SweepMap.Stretch::measured).containsExactly(2, 4, 1);
        assertThat(stretches).extracting(SweepMap.Stretch::length).containsExactly(3, 5, 1);
        assertThat(stretches)
                .as("held at every measured point")
                .extracting(stretch -> String.join("+", stretch.alwaysHeld()))
                .containsExactly("outer+inner", "outer", "outer+inner");
    }

    @Test
    void anotherLockIsAnotherStretch() {
        SweepMap map = new SweepMap(
                "a",
                "k",
                "key",
                "walk",
                0,
                "anchor",
                List.of(dead(0), point(1, Verdict.DEADLOCK, "other.lock")),
                List.of(),
                List.of(TEXT, TEXT + 1),
                0);
        assertThat(map.stretches()).hasSize(2);
    }

    @Test
    void writesTheContractsJson() throws IOException {
        JsonNode json = new ObjectMapper().readTree(CampaignJson.line(SweepWriter.record(map(), List.of())));
        assertThat(json.path("reproducer").asText()).isEqualTo("nmi-task-kptr");
        assertThat(json.path("kernel").asText()).isEqualTo("debian:7.2");
        assertThat(json.path("anchor").asText()).isEqualTo("an-anchor");
        assertThat(json.path("steps").findValues("n"))
                .extracting(JsonNode::asInt)
                .containsExactly(0, 2, 4, 6, 8);
        JsonNode dead = json.path("steps").get(2);
        assertThat(dead.path("address").asText()).isEqualTo("0xffffffff81000004");
        assertThat(dead.path("function").asText()).isEqualTo("walk");
        assertThat(dead.path("offset").asLong()).isEqualTo(4);
        assertThat(dead.path("verdict").asText()).isEqualTo("DEADLOCK");
        assertThat(dead.path("waitsFor").asText()).isEqualTo("rdp.lock");
        assertThat(json.path("steps").get(0).has("waitsFor")).isFalse();
        assertThat(json.path("steps").get(0).path("holds").toString()).isEqualTo("[\"outer\",\"inner\"]");
        assertThat(json.path("refined").findValues("n"))
                .extracting(JsonNode::asInt)
                .containsExactly(3, 7);
        assertThat(json.path("stretches").get(1).path("inferred").asInt()).isEqualTo(1);
        assertThat(json.path("path"))
                .as("from the first measured point to the last")
                .hasSize(9)
                .first()
                .isEqualTo(TextNode.valueOf("0xffffffff81000000"));
    }

    @Test
    void listsWhatAnNmiDoesAtEachInstruction() throws Exception {
        Symbols symbols = Symbols.parse("""
                ffffffff80ffff00 T _stext
                ffffffff81000000 t walk
                ffffffff81000009 T after
                ffffffff81000100 T _etext
                """.getBytes(UTF_8));
        SweepListing listing = new SweepListing(map(), symbols::at);
        assertThat(listing.table())
                .contains("walk")
                .containsPattern("\\+0x3\\.\\.0x7 +\\+0x0\\.\\.0x2 \\+0x8 +rdp\\.lock");
        byte[] nops = new byte[9];
        java.util.Arrays.fill(nops, (byte) 0x90);
        List<String> lines =
                listing.listing(listing.code((address, length) -> nops)).lines().toList();
        assertThat(IntStream.range(0, 9).mapToObj(i -> letter(lines, i)))
                .containsExactly("S", "s", "S", "D", "D", "d", "D", "D", "S");
        assertThat(lines).anyMatch(line -> line.matches("  D \\+0x3 +nop +3  waits for rdp.lock"));
    }

    private static String letter(List<String> lines, int offset) {
        return lines.stream()
                .filter(line -> line.contains(" +0x" + offset + " "))
                .map(line -> line.substring(2, 3))
                .findFirst()
                .orElse("none");
    }

    @Test
    void refusesOrdersThatMakeNoSense() {
        assertThatThrownBy(() -> request(-1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> request(0, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> request(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> request(0, 2_000_000, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(request(100, 5, 10).last()).isEqualTo(140);
    }

    private static SweepRequest request(int start, int points, int stride) {
        return new SweepRequest(
                Entries.entry("nmi-task-kptr"),
                "debian:7.2",
                "call_rcu",
                1,
                Optional.empty(),
                start,
                points,
                stride,
                1);
    }
}
