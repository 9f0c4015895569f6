// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.Backends;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfMap;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfObjectSpec;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.bpf.BpfStream;
import io.ksplat.bpf.BpfTarget;
import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.Global;
import io.ksplat.bpf.RingBuffer;
import io.ksplat.bpf.RunResult;
import io.ksplat.bpf.TypedMap;
import io.ksplat.bpf.VerifierException;
import io.ksplat.bpf.internal.BpfBackend;
import io.ksplat.kernel.Symbol;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a BPF target does, whichever it is. */
@Timeout(120)
abstract class BpfContract {
    private static final Duration SOON = Duration.ofSeconds(20);

    private BpfObject bpf;

    abstract BpfTarget target() throws IOException;

    /** contract.bpf.c and stream.bpf.c, compiled. */
    abstract BpfObjectFile file(String source) throws IOException;

    enum Phase {
        PHASE_EARLY,
        PHASE_LATE
    }

    record Point(short x, short y) {}

    record Slot(
            int pid,
            long since,
            String comm,
            Point at,
            Phase phase,
            List<Byte> raw,
            List<Integer> levels,
            int urgent,
            int depth,
            boolean live) {}

    record Event(int number, String text) {}

    static final Slot FILLED = new Slot(
            42,
            1L << 40,
            "filled",
            new Point((short) -1, (short) 2),
            Phase.PHASE_LATE,
            List.of((byte) 1, (byte) 2, (byte) 3, (byte) 4),
            List.of(10, -20, 30),
            1,
            17,
            true);

    private static Slot slot(int pid) {
        return new Slot(
                pid,
                9,
                "put",
                new Point((short) 3, (short) 4),
                Phase.PHASE_EARLY,
                FILLED.raw(),
                List.of(1, 2, 3),
                0,
                31,
                false);
    }

    @BeforeEach
    void load() throws IOException {
        bpf = BpfObject.open(file("contract")).load(target());
    }

    @AfterEach
    void unload() throws IOException {
        bpf.close();
    }

    @Test
    void runsAProgram() throws IOException {
        assertThat(bpf.program("count").run()).isEqualTo(3);
        assertThat(bpf.program("count").runOn(1)).isEqualTo(3);
        assertThat(bpf.global("runs").get()).isEqualTo(2);
    }

    @Test
    void runsAProgramOnAContextAndOnAPacket() throws IOException {
        byte[] pair =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(41).array();
        RunResult added = bpf.program("add").on(0, pair).finish();
        assertThat(added.returned()).isEqualTo(41);
        assertThat(ByteBuffer.wrap(added.context())
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getInt(4))
                .isEqualTo(42);
        RunResult filtered =
                bpf.program("packet").onPacket(0, new byte[64]).repeat(3).finish();
        assertThat(filtered.returned()).isEqualTo(64);
        assertThat(filtered.packet()).hasSize(64);
    }

    @Test
    void startsRunsTogetherWithoutWaiting() throws IOException {
        BpfProgram count = bpf.program("count");
        BpfProgram.startTogether(count.on(0), count.on(1));
        await(() -> bpf.global("runs").get() >= 1);
    }

    @Test
    void tellsTheKernelsRefusalOfARun() {
        assertThatThrownBy(() -> bpf.program("count").onPacket(0, new byte[64]).finish())
                .isInstanceOf(BpfException.class)
                .hasMessage("BPF_PROG_TEST_RUN of count: EINVAL");
    }

    @Test
    void namesWhatThereIsWhereSomethingIsMissing() {
        assertThatThrownBy(() -> bpf.program("nope"))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessageContaining("fill_slot");
        assertThatThrownBy(() -> bpf.map("nope"))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessageContaining("numbers");
        assertThatThrownBy(() -> bpf.global("nope"))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessageContaining("runs");
        assertThatThrownBy(() -> bpf.program("refused")).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void readsAndSetsGlobalsByNameAndType() throws IOException {
        assertThat(bpf.global("negative").get()).isEqualTo(-5);
        assertThat(bpf.global("current_phase").as(Phase.class)).isEqualTo(Phase.PHASE_EARLY);
        bpf.global("current_phase").set(Phase.PHASE_LATE);
        assertThat(bpf.global("current_phase").get()).isEqualTo(7);
        bpf.global("small").set(200);
        assertThat(bpf.global("small").get()).isEqualTo(200);
        assertThat(bpf.global("runs").get()).isZero();
        bpf.global("runs").set(1L << 33);
        bpf.program("count").run();
        assertThat(bpf.global("runs").get()).isEqualTo((1L << 33) + 1);
        bpf.program("fill_slot").run();
        assertThat(bpf.global("current_slot").as(Slot.class)).isEqualTo(FILLED);
        bpf.global("current_slot").set(slot(8));
        assertThat(bpf.global("current_slot").as(Slot.class)).isEqualTo(slot(8));
        assertThat(bpf.global("label").as(String.class)).isEqualTo("none");
    }

    @Test
    void refusesAGlobalsValueThatDoesNotFit() {
        assertThatThrownBy(() -> bpf.global("small").set(256))
                .isInstanceOf(BtfMismatchException.class)
                .hasMessage("small has 1 bytes, which do not hold 256");
        assertThatThrownBy(() -> bpf.global("runs").as(Integer.class))
                .isInstanceOf(BtfMismatchException.class)
                .hasMessage("runs is Integer (4 bytes) in Java and unsigned long long (8 bytes) in C: make it long");
        assertThatThrownBy(() -> bpf.global("limit").set(4))
                .isInstanceOf(BpfException.class)
                .hasMessageContaining(".rodata")
                .hasMessageContaining("EPERM");
    }

    @Test
    void setsConstantsAndSizesBeforeItLoads() throws IOException {
        BpfObjectSpec opened = BpfObject.open(file("contract"))
                .set("limit", 77)
                .set("label", "abc")
                .set("negative", -6)
                .set("current_slot", FILLED)
                .maxEntries("numbers", 16)
                .programs("count", "label_first");
        try (BpfObject other = opened.load(target())) {
            assertThat(other.program("count").run()).isEqualTo(77);
            assertThat(other.program("label_first").run()).isEqualTo('a');
            assertThat(other.global("negative").get()).isEqualTo(-6);
            assertThat(other.global("current_slot").as(Slot.class)).isEqualTo(FILLED);
            assertThat(other.map("numbers").maxEntries()).isEqualTo(16);
            assertThatThrownBy(() -> other.program("send")).isInstanceOf(NoSuchElementException.class);
        }
        assertThatThrownBy(() -> BpfObject.open(file("contract")).set("label", "eight by"))
                .isInstanceOf(BtfMismatchException.class)
                .hasMessageContaining("char[8] has no room");
    }

    /** Of two functions, since one's lines must not count as the other's. */
    @Test
    void tellsWhereItsCodeLiesAndComesFrom() throws IOException {
        List<String> text;
        try (InputStream source = BpfContract.class.getResourceAsStream("/guest/contract.bpf.c")) {
            text = new String(source.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        for (String program : List.of("count", "fill_slot")) {
            Symbol symbol = bpf.symbols().stream()
                    .filter(each -> each.name().matches("bpf_prog_[0-9a-f]{16}_" + program))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no " + program + " among " + bpf.symbols()));
            assertThat(symbol.address()).as("in the kernel's half").isNegative();
            assertThat(symbol.size()).isBetween(8L, 4096L);
            List<BpfLine> lines = bpf.lines().stream()
                    .filter(line -> line.start() >= symbol.address() && line.start() < symbol.address() + symbol.size())
                    .toList();
            int begins = text.indexOf("int " + program + "(void *ctx)") + 1;
            int ends = begins + text.subList(begins, text.size()).indexOf("}") + 1;
            assertThat(begins).as("where %s is in the source", program).isPositive();
            assertThat(lines).isNotEmpty().allSatisfy(line -> {
                assertThat(line.file()).endsWith("contract.bpf.c");
                assertThat(line.line()).isBetween(begins, ends);
            });
        }
    }

    @Test
    void tellsTheVerifiersRefusalInALineAndInFull() {
        assertThatThrownBy(() -> BpfObject.open(file("contract"))
                        .programs("refused")
                        .load(target())
                        .close())
                .isInstanceOfSatisfying(VerifierException.class, refusal -> {
                    assertThat(refusal.program()).isEqualTo("refused");
                    assertThat(refusal).hasMessage("the verifier refused refused: R1 invalid mem access 'scalar'");
                    assertThat(refusal.log())
                            .contains("R1 invalid mem access 'scalar'")
                            .contains("processed ");
                });
    }

    @Test
    void takesRecordsInAndGivesRecordsOut() throws IOException {
        TypedMap<Integer, Slot> slots = bpf.map("slots").typed(Integer.class, Slot.class);
        assertThat(slots.get(42)).isEmpty();
        assertThat(bpf.program("fill_slot").run()).isZero();
        assertThat(slots.get(42)).contains(FILLED);
        slots.put(5, slot(100));
        assertThat(bpf.program("read_slot").run()).isEqualTo(100 + 4 + 31 + 2);
        assertThat(slots.keys()).containsExactlyInAnyOrder(5, 42);
        assertThat(slots.entries()).containsOnly(Map.entry(5, slot(100)), Map.entry(42, FILLED));
        assertThat(slots.delete(42)).isTrue();
        assertThat(slots.delete(42)).isFalse();
        assertThat(slots.entries()).containsOnlyKeys(5);
    }

    @Test
    void putsAndReadsThousandsInBatches() throws IOException {
        TypedMap<Integer, Slot> slots = bpf.map("slots").typed(Integer.class, Slot.class);
        Map<Integer, Slot> many = new HashMap<>();
        for (int key = 0; key < 5000; key++) {
            many.put(key, slot(key));
        }
        slots.putAll(many);
        assertThat(slots.entries()).isEqualTo(many);
        assertThat(slots.keys()).hasSize(5000);
        assertThatThrownBy(() -> slots.putAll(Map.of(-1, slot(1), -2, slot(2))))
                .isInstanceOf(BpfException.class)
                .hasMessageContaining("E2BIG");
    }

    @Test
    void readsArraysAndPerCpuMaps() throws IOException {
        TypedMap<Integer, Long> numbers = bpf.map("numbers").typed(Integer.class, Long.class);
        numbers.putAll(Map.of(0, 10L, 7, -1L));
        assertThat(numbers.entries()).hasSize(8).contains(Map.entry(0, 10L), Map.entry(7, -1L), Map.entry(3, 0L));
        TypedMap<Integer, List<Integer>> perCpu = bpf.map("per_cpu").typedPerCpu(Integer.class, Integer.class);
        int cpus = perCpu.get(0).orElseThrow().size();
        assertThat(cpus).isGreaterThanOrEqualTo(2);
        List<Integer> values = java.util.stream.IntStream.range(0, cpus)
                .map(cpu -> 100 + cpu)
                .boxed()
                .toList();
        perCpu.put(1, values);
        assertThat(perCpu.entries()).containsEntry(1, values).hasSize(2);
        assertThatThrownBy(() -> bpf.map("per_cpu").typed(Integer.class, Integer.class))
                .isInstanceOf(BtfMismatchException.class)
                .hasMessageContaining("typedPerCpu()");
    }

    @Test
    void takesOneAfterTheOtherWhereAMapTypeHasNoBatches() throws IOException {
        TypedMap<Integer, Integer> devices = bpf.map("devices").typed(Integer.class, Integer.class);
        assertThatThrownBy(() -> Backends.of(bpf).lookupBatch("devices", java.util.Optional.empty(), 4))
                .isInstanceOf(BpfException.class)
                .hasMessageContaining("NOTSUPP");
        assertThat(devices.entries()).isEmpty();
        devices.putAll(Map.of(0, 1, 2, 1));
        assertThat(devices.entries()).containsOnly(Map.entry(0, 1), Map.entry(2, 1));
    }

    @Test
    void saysWhichComponentDoesNotFitWhichMember() {
        record Wide(long x, short y) {}
        record Named(short x, short z) {}
        record Half(short x) {}
        assertMismatch(
                () -> bpf.ringBuffer("events", Wide.class, "point"),
                "Wide.x",
                "long (8 bytes)",
                "short (2 bytes)",
                "make it short");
        assertMismatch(
                () -> bpf.ringBuffer("events", Named.class, "point"),
                "Named.z has no member of its name in struct point",
                "x, y");
        assertMismatch(
                () -> bpf.ringBuffer("events", Half.class, "point"),
                "Half has no component for member y of struct point");
        assertMismatch(
                () -> bpf.map("numbers").typed(Integer.class, Integer.class),
                "value of map numbers",
                "Integer (4 bytes)",
                "long long (8 bytes)");
        assertMismatch(() -> bpf.map("numbers").typed(Long.class, Long.class), "key of map numbers");
        assertMismatch(() -> bpf.map("numbers").lookup(new byte[3]), "numbers takes keys of 4 bytes, this has 3");
        assertMismatch(() -> bpf.map("events").typed(Integer.class, Integer.class), "does not tell the type");
    }

    @Test
    void refusesWhatABitfieldDoesNotHold() {
        Slot wide = new Slot(1, 2, "wide", FILLED.at(), Phase.PHASE_LATE, FILLED.raw(), FILLED.levels(), 0, 32, false);
        assertMismatch(
                () -> bpf.map("slots").typed(Integer.class, Slot.class).put(1, wide),
                "depth is 32, which its 5 bits do not hold");
    }

    private static void assertMismatch(ThrowingCallable call, String... words) {
        assertThatThrownBy(call)
                .isInstanceOf(BtfMismatchException.class)
                .message()
                .contains(words);
    }

    @Test
    void takesRecordsOutOfARingBufferAndCountsWhatWasLost() throws IOException {
        try (RingBuffer<Event> events =
                bpf.ringBuffer("events", Event.class, "event").countingLossesIn(bpf.global("lost"))) {
            assertThat(events.next(Duration.ofMillis(50))).isEmpty();
            bpf.global("to_send").set(5);
            bpf.program("send").run();
            assertThat(events.next(SOON)).contains(new Event(0, "event"));
            assertThat(events.take(2, SOON)).containsExactly(new Event(1, "event"), new Event(2, "event"));
            assertThat(events.take(100, SOON)).extracting(Event::number).containsExactly(3, 4);
            assertThat(events.lost()).isZero();
            // A record of 16 bytes takes 24 of the ring's 4096: 170 fit.
            bpf.global("to_send").set(1000);
            bpf.program("send").run();
            assertThat(events.lost()).isEqualTo(1000 - 170);
            assertThat(events.take(1000, SOON)).hasSize(170).endsWith(new Event(169, "event"));
            assertThat(events.take(1, Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void keepsToTheDeadlineOfARingBuffer() throws IOException {
        try (RingBuffer<byte[]> events = bpf.ringBuffer("events")) {
            long start = System.nanoTime();
            assertThat(events.take(1, Duration.ofMillis(500))).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(490));
        }
    }

    @Test
    void attachesUntilTheLinkIsClosed() throws IOException {
        BpfProgram.Link link = bpf.program("on_enter").attach();
        await(() -> bpf.global("entered").get() > 0);
        link.close();
        link.close();
        long detached = bpf.global("entered").get();
        bpf.program("count").run();
        assertThat(bpf.global("entered").get()).isEqualTo(detached);
    }

    @Test
    void readsWhatTheKernelWroteToTheProgramsStream() throws IOException {
        try (BpfObject locks = BpfObject.load(target(), file("stream"))) {
            BpfProgram takeTwo = locks.program("take_two");
            assertThat(takeTwo.stream(BpfStream.STDERR)).isEmpty();
            assertThat(takeTwo.runOn(0)).isEqualTo(-35);
            assertThat(takeTwo.stream(BpfStream.STDERR)).contains("deadlock detected");
            assertThat(takeTwo.stream(BpfStream.STDERR)).isEmpty();
            assertThat(takeTwo.stream(BpfStream.STDOUT)).isEmpty();
        }
    }

    @Test
    void refusesEveryUseAfterItWasClosed() throws IOException {
        BpfProgram count = bpf.program("count");
        BpfProgram.Run run = count.on(0);
        BpfProgram.Link link = bpf.program("on_enter").attach();
        Global runs = bpf.global("runs");
        BpfMap numbers = bpf.map("numbers");
        TypedMap<Integer, Long> typed = numbers.typed(Integer.class, Long.class);
        RingBuffer<Event> events =
                bpf.ringBuffer("events", Event.class, "event").countingLossesIn(bpf.global("lost"));
        BpfBackend backend = Backends.of(bpf);
        bpf.close();
        bpf.close();
        Map<String, ThrowingCallable> uses = new HashMap<>();
        uses.put("program", () -> bpf.program("count"));
        uses.put("map", () -> bpf.map("numbers"));
        uses.put("global", () -> bpf.global("runs"));
        uses.put("ringBuffer", () -> bpf.ringBuffer("events"));
        uses.put("run", count::run);
        uses.put("runOn", () -> count.runOn(1));
        uses.put("finish", run::finish);
        uses.put("startTogether", () -> BpfProgram.startTogether(run));
        uses.put("attach", count::attach);
        uses.put("stream", () -> count.stream(BpfStream.STDERR));
        uses.put("get", runs::get);
        uses.put("set", () -> runs.set(1));
        uses.put("as", () -> runs.as(Long.class));
        uses.put("lookup", () -> numbers.lookup(new byte[4]));
        uses.put("update", () -> numbers.update(new byte[4], new byte[8], 0));
        uses.put("keys", numbers::keys);
        uses.put("entries", numbers::entries);
        uses.put("typed get", () -> typed.get(1));
        uses.put("typed put", () -> typed.put(1, 1L));
        uses.put("typed delete", () -> typed.delete(1));
        uses.put("typed entries", typed::entries);
        uses.put("typed putAll", () -> typed.putAll(Map.of(1, 1L)));
        uses.put("take", () -> events.take(1, SOON));
        uses.put("lost", events::lost);
        uses.forEach((what, use) -> assertThatThrownBy(use)
                .as(what)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed"));
        assertThatCode(link::close).doesNotThrowAnyException();
        assertThatCode(events::close).doesNotThrowAnyException();
        assertGone(backend);
    }

    /** Under the classes that a user has: it must be safe there as well. */
    private static void assertGone(BpfBackend backend) {
        for (ThrowingCallable use : List.<ThrowingCallable>of(
                () -> backend.lookup("numbers", new byte[4]),
                () -> backend.attach("on_enter"),
                () -> backend.keys("numbers"),
                () -> backend.readStream("count", BpfStream.STDERR),
                () -> backend.ring("events").poll(1, 4096, Duration.ZERO))) {
            assertThatThrownBy(use).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void closesAConsumerOnItsOwn() throws IOException {
        RingBuffer<byte[]> events = bpf.ringBuffer("events");
        events.close();
        events.close();
        assertThatThrownBy(() -> events.take(1, SOON)).isInstanceOf(IllegalStateException.class);
        try (RingBuffer<byte[]> again = bpf.ringBuffer("events")) {
            bpf.global("to_send").set(1);
            bpf.program("send").run();
            assertThat(again.take(1, SOON)).hasSize(1);
        }
    }

    /** While others use it: an exception for each of them, and nothing else. */
    @Test
    void closesUnderThoseWhoUseIt() throws Exception {
        BpfMap numbers = bpf.map("numbers");
        Global runs = bpf.global("runs");
        RingBuffer<byte[]> events = bpf.ringBuffer("events");
        BpfProgram count = bpf.program("count");
        List<ThrowingCallable> uses = List.of(
                () -> numbers.lookup(new byte[4]), runs::get, () -> events.take(1, Duration.ofMillis(1)), count::run);
        List<java.util.concurrent.FutureTask<Throwable>> users = uses.stream()
                .map(use -> new java.util.concurrent.FutureTask<Throwable>(() -> {
                    while (true) {
                        try {
                            use.call();
                        } catch (Throwable t) {
                            return t;
                        }
                    }
                }))
                .toList();
        users.forEach(user -> new Thread(user, "user").start());
        await(() -> runs.get() > 10);
        bpf.close();
        for (java.util.concurrent.FutureTask<Throwable> user : users) {
            assertThat(user.get(30, java.util.concurrent.TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class);
        }
    }

    /** Something that becomes true. */
    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void await(Condition condition) throws IOException {
        io.ksplat.kernel.internal.Deadline deadline = io.ksplat.kernel.internal.Deadline.in(SOON);
        while (!condition.holds()) {
            assertThat(deadline.expired()).as("in time").isFalse();
            Poll.pause();
        }
    }
}
