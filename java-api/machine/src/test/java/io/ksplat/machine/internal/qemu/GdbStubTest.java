// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class GdbStubTest {
    private static final String DESCRIPTION = "qXfer:features:read:target.xml:0,1";

    /** Closes the connection where an answer should be. */
    private static final String HANG_UP = "hang up";

    /** What QEMU 7.2 answered to g, the first 164 bytes: a CPU in user code. */
    private static final String REGISTERS = "0000000000000000c0b69c73327f000008000000000000009d14020000000000"
            + "0400000000000000fcb19c73327f00000000000000000000e8b19c73327f0000"
            + "0700000000000000a0d44921000000007beaa3e7ecd356a69302000000000000"
            + "fcb19c73327f0000020000000000000070bc4677ff7f000058bd4677ff7f0000"
            + "904640000000000006020000330000002b000000000000000000000000000000";

    @TempDir
    Path folder;

    private final Map<String, String> answers = new java.util.concurrent.ConcurrentHashMap<>();
    private final Map<String, Supplier<String>> dynamic = new java.util.concurrent.ConcurrentHashMap<>();
    /** What came between packets, acknowledgements say: a byte that comes while the machine runs would stop it. */
    private final AtomicInteger between = new AtomicInteger();

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final CompletableFuture<SocketChannel> caller = new CompletableFuture<>();
    private ServerSocketChannel server;

    @BeforeEach
    void listen() throws IOException {
        answers.put("qSupported:multiprocess-;hwbreak+;swbreak+", packet("PacketSize=1000;vContSupported+"));
        answers.put("?", packet("T05thread:01;"));
        answers.put(DESCRIPTION, packet("m<"));
        answers.put("Hg1", packet("OK"));
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(folder.resolve("gdb")));
        Thread stub = new Thread(this::serve, "fake-gdbstub");
        stub.setDaemon(true);
        stub.start();
    }

    @AfterEach
    void hangUp() throws Exception {
        server.close();
        caller.get().close();
    }

    /** A register's eight bytes. */
    private static String word(long value) {
        return HexFormat.of().toHexDigits(Long.reverseBytes(value));
    }

    private static String packet(String body) {
        int sum = body.chars().sum() & 0xff;
        return "$" + body + "#" + String.format("%02x", sum);
    }

    /** Checks each checksum, as QEMU does, and answers from the table; a packet that is not in it gets no answer. */
    private void serve() {
        try {
            SocketChannel channel = server.accept();
            caller.complete(channel);
            InputStream in = Channels.newInputStream(channel);
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b == 3) {
                    asked.add("interrupt");
                    answer(channel, "interrupt");
                }
                if (b != '$') {
                    between.incrementAndGet();
                    continue;
                }
                ByteArrayOutputStream body = new ByteArrayOutputStream();
                for (b = in.read(); b != '#'; b = in.read()) {
                    body.write(b);
                }
                String checksum = "" + (char) in.read() + (char) in.read();
                String text = body.toString(ISO_8859_1);
                if (!packet(text).endsWith("#" + checksum)) {
                    asked.add("bad checksum " + checksum + " of " + text);
                    return;
                }
                asked.add(text);
                if (!answer(channel, text)) {
                    return;
                }
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    private boolean answer(SocketChannel channel, String question) throws IOException {
        String answer =
                dynamic.containsKey(question) ? dynamic.get(question).get() : answers.getOrDefault(question, "");
        if (answer.endsWith(HANG_UP)) {
            send(channel, answer.substring(0, answer.length() - HANG_UP.length()));
            channel.close();
            return false;
        }
        send(channel, "+" + answer);
        return true;
    }

    private static void send(SocketChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private GdbStub stub() throws IOException {
        return new GdbStub(folder.resolve("gdb"));
    }

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static Deadline soon() {
        return Deadline.in(Duration.ofMillis(200));
    }

    @Test
    void asksForItsFeaturesAndForTheStopThatQemuHoldsBack() throws IOException {
        try (GdbStub gdb = stub()) {
            assertThat(gdb).isNotNull();
            assertThat(asked).containsExactly("qSupported:multiprocess-;hwbreak+;swbreak+", "?", DESCRIPTION);
        }
    }

    @Test
    void setsAndClearsHardwareBreakpointsWithRightChecksums() throws IOException {
        answers.put("Z1,ffffffff81000000,1", packet("OK"));
        answers.put("z1,ffffffff81000000,1", packet("OK"));
        try (GdbStub gdb = stub()) {
            gdb.setBreakpoint(0xffffffff81000000L);
            gdb.clearBreakpoint(0xffffffff81000000L);
            assertThat(asked).endsWith("Z1,ffffffff81000000,1", "z1,ffffffff81000000,1");
        }
    }

    @Test
    void saysWhatTheStubAnsweredWhereItRefuses() throws IOException {
        answers.put("Z1,1,1", packet("E22"));
        try (GdbStub gdb = stub()) {
            assertThatThrownBy(() -> gdb.setBreakpoint(1))
                    .isInstanceOf(MachineException.class)
                    .hasMessage("the gdbstub answered \"E22\" to Z1,1,1");
        }
    }

    @Test
    void readsRegistersInTheOrderOfThePacket() throws IOException {
        answers.put("g", packet(REGISTERS));
        try (GdbStub gdb = stub()) {
            Registers registers = gdb.registers(0);
            assertThat(registers.cpu()).isZero();
            assertThat(registers.get(Register.RBX)).isEqualTo(0x7f32739cb6c0L);
            assertThat(registers.get(Register.RSP)).isEqualTo(0x7f32739cb1e8L);
            assertThat(registers.get(Register.R10)).isEqualTo(0xa656d3ece7a3ea7bL);
            assertThat(registers.get(Register.R15)).isEqualTo(0x7fff7746bd58L);
            assertThat(registers.rip()).isEqualTo(0x404690);
            assertThat(registers.get(Register.RFLAGS)).isEqualTo(0x206);
            assertThat(registers.get(Register.CS)).isEqualTo(0x33);
        }
    }

    @Test
    void refusesRegistersThatAreAnErrorOrCutOff() throws IOException {
        try (GdbStub gdb = stub()) {
            answers.put("g", packet("E14"));
            assertThatThrownBy(() -> gdb.registers(0))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("E14");
            answers.put("g", packet(REGISTERS.substring(0, 200)));
            assertThatThrownBy(() -> gdb.registers(0))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("100 bytes");
        }
    }

    @Test
    void expandsRunLengths() throws IOException {
        // '*' and ' ' (32 - 29 = 3): three more of the character before; with '"', five more.
        answers.put("m1000,6", packet("0* 1*\"0f"));
        try (GdbStub gdb = stub()) {
            assertThat(gdb.read(0, 0x1000, 6)).containsExactly(0, 0, 0x11, 0x11, 0x11, 0x0f);
        }
    }

    @Test
    void readsMemoryInPiecesThatQemusBufferHolds() throws IOException {
        answers.put("m1000,400", packet("ab".repeat(1024)));
        answers.put("m1400,10", packet("cd".repeat(16)));
        try (GdbStub gdb = stub()) {
            byte[] bytes = gdb.read(0, 0x1000, 1040);
            assertThat(bytes).hasSize(1040).startsWith(0xab).endsWith(0xcd);
            assertThat(bytes[1023]).isEqualTo((byte) 0xab);
            assertThat(bytes[1024]).isEqualTo((byte) 0xcd);
        }
    }

    @Test
    void saysWhichAddressCannotBeRead() throws IOException {
        answers.put("mdead000,4", packet("E14"));
        try (GdbStub gdb = stub()) {
            assertThatThrownBy(() -> gdb.read(0, 0xdead000, 4))
                    .isInstanceOf(MachineException.class)
                    .hasMessage("cannot read guest address 0xdead000");
        }
    }

    @Test
    void refusesMemoryThatIsNoHexOrMoreThanAskedFor() throws IOException {
        try (GdbStub gdb = stub()) {
            answers.put("m1000,2", packet("zz00"));
            assertThatThrownBy(() -> gdb.read(0, 0x1000, 2)).isInstanceOf(MachineException.class);
            answers.put("m1000,2", packet("000"));
            assertThatThrownBy(() -> gdb.read(0, 0x1000, 2)).isInstanceOf(MachineException.class);
            answers.put("m1000,2", packet("000000"));
            assertThatThrownBy(() -> gdb.read(0, 0x1000, 2))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("3 bytes for 2");
        }
    }

    @Test
    void tellsWhichCpuStopped() throws IOException {
        answers.put("vCont;c", packet("T05thread:02;"));
        answers.put("vCont;s:10", packet("T05hwbreak:;thread:p01.10;"));
        try (GdbStub gdb = stub()) {
            gdb.resume();
            assertThat(gdb.awaitStop(Deadline.in(PATIENCE))).isEqualTo(1);
            assertThat(gdb.step(15, Deadline.in(PATIENCE))).isEqualTo(15);
        }
    }

    /** A CPU whose second step is none: QEMU reports a stop, and it stands where it stood. */
    @Test
    void takesAStepAgainThatWasNone() throws IOException {
        answers.put("vCont;s:1", packet("T05thread:01;"));
        List<Long> stood = List.of(0x10L, 0x11L, 0x11L, 0x12L, 0x13L);
        answers.put("p2", packet(word(7)));
        try (GdbStub gdb = stub()) {
            Iterator<Long> next = stood.iterator();
            dynamic.put("p10", () -> packet(word(next.next())));
            assertThat(gdb.step(0, 3, PATIENCE)).containsExactly(0x11L, 0x12L, 0x13L);
            assertThat(next).isExhausted();
            assertThat(asked.stream().filter("vCont;s:1"::equals)).hasSize(4);
            assertThat(asked).endsWith("p10", "p2");
        }
    }

    @Test
    void countsTheIterationsOfAStringInstructionAsSteps() throws IOException {
        answers.put("vCont;s:1", packet("T05thread:01;"));
        answers.put("p10", packet(word(0x10)));
        Iterator<Long> left = List.of(3L, 2L, 1L).iterator();
        dynamic.put("p2", () -> packet(word(left.next())));
        try (GdbStub gdb = stub()) {
            assertThat(gdb.step(0, 2, PATIENCE)).containsExactly(0x10L, 0x10L);
        }
    }

    @Test
    void saysWhereACpuStandsThatDoesNotGoOn() throws IOException {
        answers.put("vCont;s:1", packet("T05thread:01;"));
        answers.put("p10", packet(word(0x10)));
        answers.put("p2", packet(word(0)));
        try (GdbStub gdb = stub()) {
            assertThatThrownBy(() -> gdb.step(0, 2, Duration.ofMillis(200)))
                    .isInstanceOf(MachineException.Late.class)
                    .hasMessageContaining("stays at 0x10");
        }
    }

    @Test
    void saysNothingBetweenAStepAndItsStop() throws IOException {
        answers.put("vCont;s:1", packet("T05thread:01;"));
        answers.put("p2", packet(word(0)));
        AtomicLong rip = new AtomicLong();
        dynamic.put("p10", () -> packet(word(rip.incrementAndGet())));
        try (GdbStub gdb = stub()) {
            gdb.step(0, 3, PATIENCE);
        }
        assertThat(between).hasValue(0);
    }

    @Test
    void writesByPhysicalAddressInPiecesThatQemusBufferHolds() throws IOException {
        answers.put("Qqemu.PhyMemMode:1", packet("OK"));
        answers.put("Qqemu.PhyMemMode:0", packet("OK"));
        answers.put("M1000,400:" + "ab".repeat(1024), packet("OK"));
        answers.put("M1400,2:abab", packet("OK"));
        answers.put("M2000,1:00", packet("E14"));
        byte[] bytes = new byte[1026];
        Arrays.fill(bytes, (byte) 0xab);
        try (GdbStub gdb = stub()) {
            gdb.writePhysical(0x1000, bytes);
            assertThat(asked).contains("M1400,2:abab").endsWith("Qqemu.PhyMemMode:0");
            assertThatThrownBy(() -> gdb.writePhysical(0x2000, new byte[1])).isInstanceOf(MachineException.class);
        }
    }

    @Test
    void takesNothingButAStopForAStop() throws IOException {
        try (GdbStub gdb = stub()) {
            for (String other : List.of("", "OK", "E22", "W00", "T05", "T05thread:;", "T05thread:xy;", "Tthread:01;")) {
                answers.put("vCont;c", packet(other));
                gdb.resume();
                assertThatThrownBy(() -> gdb.awaitStop(soon()))
                        .as("\"%s\"", other)
                        .isExactlyInstanceOf(MachineException.class)
                        .hasMessageContaining("sent no stop reply but \"" + other + "\"");
            }
        }
    }

    @Test
    void isLateWhereNothingStopsAndCanStillInterrupt() throws IOException {
        answers.put("interrupt", packet("T02thread:01;"));
        try (GdbStub gdb = stub()) {
            gdb.resume();
            assertThatThrownBy(() -> gdb.awaitStop(soon())).isInstanceOf(MachineException.Late.class);
            gdb.interrupt();
            assertThat(asked).endsWith("vCont;c", "interrupt");
        }
    }

    @Test
    void saysThatQemuIsGoneWhereItClosesInTheMiddleOfAPacket() throws IOException {
        answers.put("m1000,4", "$0011" + HANG_UP);
        try (GdbStub gdb = stub()) {
            assertThatThrownBy(() -> gdb.read(0, 0x1000, 4)).isInstanceOf(MachineException.Gone.class);
            assertThatThrownBy(() -> gdb.read(0, 0x1000, 4)).isInstanceOf(MachineException.Gone.class);
        }
    }

    @Test
    void refusesAPacketWhoseChecksumIsWrong() throws IOException {
        answers.put("m1000,1", "$00#ff");
        try (GdbStub gdb = stub()) {
            assertThatThrownBy(() -> gdb.read(0, 0x1000, 1))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("checksum ff");
        }
    }

    @Test
    void refusesARunLengthOfNothing() throws IOException {
        answers.put("m1000,1", "$* #4a");
        try (GdbStub gdb = stub()) {
            assertThatThrownBy(() -> gdb.read(0, 0x1000, 1)).isInstanceOf(MachineException.class);
        }
    }

    @Test
    void passesOverWhatLiesBetweenPackets() throws IOException {
        answers.put("m1000,1", "+++junk+" + packet("7f"));
        try (GdbStub gdb = stub()) {
            assertThat(gdb.read(0, 0x1000, 1)).containsExactly(0x7f);
        }
    }

    @Test
    void leavesTheMachineRunning() throws IOException {
        answers.put("D", packet("OK"));
        GdbStub gdb = stub();
        gdb.detach();
        assertThat(asked).endsWith("D");
    }
}
