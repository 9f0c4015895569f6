// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.arch.Arch;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A client of QEMU's gdbstub. While it is connected, the machine runs only between {@link #resume} and the next stop.
 * Not thread-safe.
 *
 * <p>The protocol is gdb's remote serial protocol ("Debugging with GDB", appendix E); QEMU's thread ids are CPU number plus one.
 */
public final class GdbStub implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** QEMU's packet buffer has 4096 bytes, and a byte of memory takes two. */
    public static final int MOST_BYTES = 1024;

    /** Answers that wait to be read must fit into the socket's buffer, or both sides wait for each other. */
    private static final int MOST_READS = 32;

    /** {@code T05thread:01;} or, with a process id, {@code T05thread:p01.02;}. */
    private static final Pattern STOP = Pattern.compile("^T[0-9a-f]{2}.*?thread:(?:p[0-9a-f]+\\.)?([0-9a-f]{1,4});");

    /** What is read to see whether a CPU has made a step; the program counter comes first. */
    private static final List<String> READ_STEPPED = Arch.guest().steppedRegisters().stream()
            .map(register -> "p" + Integer.toHexString(Arch.guest().gdbNumber(register)))
            .toList();

    /** In a row. After that many the step was not lost: the instruction jumps to itself. */
    private static final int MOST_LOST_STEPS = 10;

    private static final HexFormat HEX = HexFormat.of();

    private final SocketChannel channel;
    private final Selector selector;
    private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).flip();
    /** The CPU that the next packet is about; -1 if the stub has not told. */
    private int selected = -1;

    /** Connects to the stub of a stopped machine on this host. */
    GdbStub(Path socket) throws IOException {
        this(UnixDomainSocketAddress.of(socket));
    }

    /** Connects to the stub of a stopped machine. */
    GdbStub(SocketAddress address) throws IOException {
        this.channel = address instanceof InetSocketAddress elsewhere
                ? Tcp.connect(elsewhere, PATIENCE)
                : SocketChannel.open(address);
        channel.configureBlocking(false);
        this.selector = Selector.open();
        channel.register(selector, SelectionKey.OP_READ);
        ask("qSupported:multiprocess-;hwbreak+;swbreak+");
        ask("?");
        // QEMU answers the packet "p" only to a client that has read the description of the registers.
        ask("qXfer:features:read:target.xml:0,1");
    }

    /** Returns whether this side has not closed the connection. */
    boolean isOpen() {
        return channel.isOpen();
    }

    /** Sets a hardware breakpoint, which does not change the guest's memory. */
    public void setBreakpoint(long address) throws IOException {
        expectOk("Z1," + Long.toHexString(address) + ",1");
    }

    /**
     * Clears a breakpoint. QEMU clears it CPU by CPU, and answers E22 at the first one that has none any more
     * (accel/tcg/tcg-accel-ops.c, tcg_remove_breakpoint()); {@link #detach} clears what the others may still have.
     */
    public void clearBreakpoint(long address) throws IOException {
        expect(List.of("OK", "E22"), "z1," + Long.toHexString(address) + ",1");
    }

    /** Lets all CPUs run. */
    public void resume() throws IOException {
        send("vCont;c");
    }

    /** Executes one instruction on one CPU, with interrupts masked, as QEMU does by default. */
    public int step(int cpu, Deadline deadline) throws IOException {
        send("vCont;s:" + Integer.toHexString(cpu + 1));
        return awaitStop(deadline);
    }

    /**
     * Executes {@code count} instructions on one CPU, as {@link #step(int, Deadline)} does; an iteration of a repeated string
     * instruction counts as one.
     *
     * <p>QEMU sometimes reports a step that did not happen: the CPU is where it was. Such steps are repeated. The registers after one
     * step are read in the same write as the next step.
     *
     * @param patience the time limit of each step
     * @return the program counter after each of them
     * @throws MachineException.Late if the CPU does not move
     */
    public List<Long> step(int cpu, int count, Duration patience) throws IOException {
        List<Long> stops = new ArrayList<>();
        if (count == 0) {
            return stops;
        }
        select(cpu);
        String step = "vCont;s:" + Integer.toHexString(cpu + 1);
        sendReads(step);
        List<Long> before = receiveReads(patience);
        for (int still = 0; still < MOST_LOST_STEPS; ) {
            awaitStop(Deadline.in(patience));
            boolean last = stops.size() + 1 == count;
            if (last) {
                sendReads();
            } else {
                sendReads(step);
            }
            List<Long> now = receiveReads(patience);
            if (!now.equals(before)) {
                stops.add(now.get(0));
                still = 0;
                if (last) {
                    return stops;
                }
            } else {
                still++;
                if (last) {
                    send(step);
                }
            }
            before = now;
        }
        throw new MachineException.Late(
                "the CPU stays at 0x" + Long.toHexString(before.get(0)) + " after " + MOST_LOST_STEPS + " steps");
    }

    private void sendReads(String... then) throws IOException {
        List<String> packets = new ArrayList<>(READ_STEPPED);
        packets.addAll(List.of(then));
        send(packets.toArray(String[]::new));
    }

    private List<Long> receiveReads(Duration patience) throws IOException {
        List<Long> values = new ArrayList<>();
        for (int i = 0; i < READ_STEPPED.size(); i++) {
            values.add(register(receive(Deadline.in(patience))));
        }
        return values;
    }

    /**
     * Waits for a stop after {@link #resume}.
     *
     * @return the CPU that stopped
     * @throws MachineException.Late if none stopped in time; the machine still runs then
     */
    public int awaitStop(Deadline deadline) throws IOException {
        String packet = receive(deadline);
        Matcher stop = STOP.matcher(packet);
        if (!stop.find()) {
            throw new MachineException("the gdbstub sent no stop reply but \"" + packet + "\"");
        }
        // QEMU's gdb_set_stop_cpu() selects the CPU that stopped.
        selected = Integer.parseInt(stop.group(1), 16) - 1;
        return selected;
    }

    /** Stops a machine after {@link #resume}, and waits until it has stopped. */
    public void interrupt() throws IOException {
        write(new byte[] {3});
        awaitStop(Deadline.in(PATIENCE));
    }

    public Registers registers(int cpu) throws IOException {
        select(cpu);
        return Arch.guest().gdbRegisters(cpu, hex("g", ask("g")));
    }

    /** Returns the address of the instruction that a CPU executes next. */
    public long programCounter(int cpu) throws IOException {
        select(cpu);
        return register(ask(READ_STEPPED.get(0)));
    }

    private static long register(String answer) throws MachineException {
        byte[] bytes = hex("p", answer);
        if (bytes.length != Long.BYTES) {
            throw new MachineException("the gdbstub sent " + bytes.length + " bytes for a register of eight");
        }
        return LittleEndian.int64(bytes);
    }

    /** Writes guest memory by physical address. */
    public void writePhysical(long address, byte[] bytes) throws IOException {
        expectOk("Qqemu.PhyMemMode:1");
        for (int done = 0; done < bytes.length; done += MOST_BYTES) {
            int chunk = Math.min(MOST_BYTES, bytes.length - done);
            expectOk("M" + Long.toHexString(address + done) + "," + Integer.toHexString(chunk) + ":"
                    + HEX.formatHex(bytes, done, done + chunk));
        }
        expectOk("Qqemu.PhyMemMode:0");
    }

    /** Reads guest memory through the CPU's page tables. */
    public byte[] read(int cpu, long address, int length) throws IOException {
        select(cpu);
        byte[] bytes = new byte[length];
        for (int done = 0; done < length; ) {
            int chunk = Math.min(MOST_BYTES, length - done);
            String answer = ask("m" + Long.toHexString(address + done) + "," + Integer.toHexString(chunk));
            if (answer.startsWith("E") || answer.isEmpty()) {
                throw new MachineException("cannot read guest address 0x" + Long.toHexString(address + done));
            }
            byte[] part = hex("m", answer);
            if (part.length == 0 || part.length > chunk) {
                throw new MachineException("the gdbstub sent " + part.length + " bytes for " + chunk);
            }
            System.arraycopy(part, 0, bytes, done, part.length);
            done += part.length;
        }
        return bytes;
    }

    /** A range of memory. */
    public record Range(long address, int length) {}

    /** Reads several ranges through the CPU's page tables, without waiting for each answer; empty if one is not mapped. */
    public List<Optional<byte[]>> read(int cpu, List<Range> ranges) throws IOException {
        select(cpu);
        return read(ranges, false);
    }

    /** Does the same by physical addresses. */
    public List<Optional<byte[]>> readPhysical(List<Range> ranges) throws IOException {
        return read(ranges, true);
    }

    private List<Optional<byte[]>> read(List<Range> ranges, boolean physical) throws IOException {
        List<Optional<byte[]>> read = new ArrayList<>();
        for (int from = 0; from < ranges.size(); from += MOST_READS) {
            List<Range> some = ranges.subList(from, Math.min(ranges.size(), from + MOST_READS));
            List<String> packets = new ArrayList<>();
            some.forEach(range ->
                    packets.add("m" + Long.toHexString(range.address) + "," + Integer.toHexString(range.length)));
            if (physical) {
                packets.add(0, "Qqemu.PhyMemMode:1");
                packets.add("Qqemu.PhyMemMode:0");
            }
            send(packets.toArray(String[]::new));
            for (String packet : packets) {
                String answer = receive(Deadline.in(PATIENCE));
                if (packet.startsWith("m")) {
                    Range range = some.get(read.size() - from);
                    byte[] bytes = answer.startsWith("E") ? new byte[0] : hex("m", answer);
                    read.add(bytes.length == range.length ? Optional.of(bytes) : Optional.empty());
                } else if (!answer.equals("OK")) {
                    throw new MachineException("the gdbstub answered \"" + answer + "\" to " + packet);
                }
            }
        }
        return read;
    }

    /** Returns the register that points to a CPU's page tables. */
    public long pageTable(int cpu) throws IOException {
        select(cpu);
        return register(ask("p" + Integer.toHexString(Arch.guest().gdbNumberOfPageTable())));
    }

    /** Removes the breakpoints, lets the machine run, and closes the connection. */
    public void detach() throws IOException {
        expectOk("D");
        close();
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }

    /** Writes guest memory through the CPU's page tables, write-protected code included. */
    public void write(int cpu, long address, byte[] bytes) throws IOException {
        select(cpu);
        expectOk(
                "M" + Long.toHexString(address) + "," + Integer.toHexString(bytes.length) + ":" + HEX.formatHex(bytes));
    }

    private void select(int cpu) throws IOException {
        if (selected != cpu) {
            expectOk("Hg" + Integer.toHexString(cpu + 1));
            selected = cpu;
        }
    }

    private static byte[] hex(String packet, String answer) throws MachineException {
        try {
            return HEX.parseHex(answer);
        } catch (IllegalArgumentException e) {
            throw new MachineException("the gdbstub answered \"" + answer + "\" to " + packet, e);
        }
    }

    private void expectOk(String packet) throws IOException {
        expect(List.of("OK"), packet);
    }

    private void expect(List<String> answers, String packet) throws IOException {
        String answer = ask(packet);
        if (!answers.contains(answer)) {
            throw new MachineException("the gdbstub answered \"" + answer + "\" to " + packet);
        }
    }

    private String ask(String packet) throws IOException {
        send(packet);
        return receive(Deadline.in(PATIENCE));
    }

    /** Sends packets in one write. Only the last one may resume the machine: a byte that follows would stop it. */
    private void send(String... packets) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String packet : packets) {
            int sum = 0;
            for (byte b : packet.getBytes(StandardCharsets.ISO_8859_1)) {
                sum += b & 0xff;
            }
            all.append('$').append(packet).append('#').append(HEX.toHexDigits((byte) sum));
        }
        write(all.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    private void write(byte[] bytes) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        try {
            while (out.hasRemaining()) {
                channel.write(out);
            }
        } catch (IOException e) {
            throw new MachineException.Gone("QEMU closed the gdbstub (" + e.getMessage() + ")");
        }
    }

    /**
     * Returns the next packet's body. Skips acknowledgements and sends none: the start of the next packet acknowledges, and a byte
     * that arrives while the machine runs stops it (QEMU's gdb_read_byte()).
     */
    private String receive(Deadline deadline) throws IOException {
        while (nextByte(deadline) != '$') {
            // '+', and anything that a broken stub sends between packets.
        }
        StringBuilder body = new StringBuilder();
        int sum = 0;
        for (int b = nextByte(deadline); b != '#'; b = nextByte(deadline)) {
            sum += b;
            if (b == '*') {
                // Run-length encoding: the next byte, less 29, is how often the last one repeats.
                int count = nextByte(deadline);
                sum += count;
                if (body.isEmpty() || count < ' ') {
                    throw new MachineException("the gdbstub sent a repetition of nothing: \"" + body + "\"");
                }
                body.append(String.valueOf(body.charAt(body.length() - 1)).repeat(count - 29));
            } else {
                body.append((char) b);
            }
        }
        String checksum = "" + (char) nextByte(deadline) + (char) nextByte(deadline);
        // A socket loses nothing, so there is no reason to ask for it again.
        if (!checksum.equalsIgnoreCase(String.format("%02x", sum & 0xff))) {
            throw new MachineException("the gdbstub's packet \"" + body + "\" has the checksum " + checksum);
        }
        return body.toString();
    }

    private int nextByte(Deadline deadline) throws IOException {
        while (!in.hasRemaining()) {
            in.clear();
            int count = channel.read(in);
            in.flip();
            if (count < 0) {
                throw new MachineException.Gone("QEMU closed the gdbstub");
            }
            if (count == 0) {
                if (deadline.expired()) {
                    throw new MachineException.Late("the gdbstub did not answer in time");
                }
                selector.select(deadline.remainingMillis());
                selector.selectedKeys().clear();
            }
        }
        return in.get() & 0xff;
    }
}
