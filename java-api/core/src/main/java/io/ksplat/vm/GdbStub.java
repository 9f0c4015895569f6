// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A client of QEMU's gdbstub. While it is connected the machine runs only between {@link #resume} and the stop that follows.
 * Not thread-safe.
 *
 * <p>The protocol is gdb's remote serial protocol ("Debugging with GDB", appendix E); QEMU's thread ids are CPU number plus one.
 */
public final class GdbStub implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    /** QEMU's packet buffer is 4096 bytes, and each byte of memory takes two. */
    private static final int MEMORY_CHUNK = 1024;

    /** {@code T05thread:01;} or, with its process, {@code T05thread:p01.02;}. */
    private static final Pattern STOP = Pattern.compile("^T[0-9a-f]{2}.*?thread:(?:p[0-9a-f]+\\.)?([0-9a-f]{1,4});");

    /** The first eighteen of {@link Register}, in bytes of the g packet: seventeen of 64 bits, then flags and CS of 32. */
    private static final int REGISTER_BYTES = 17 * 8 + 2 * 4;

    private static final HexFormat HEX = HexFormat.of();

    private final SocketChannel channel;
    private final Selector selector;
    private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).flip();

    /** Connects to the stub of a machine that stands still. */
    GdbStub(Path socket) throws IOException {
        this.channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        channel.configureBlocking(false);
        this.selector = Selector.open();
        channel.register(selector, SelectionKey.OP_READ);
        ask("qSupported:multiprocess-;hwbreak+;swbreak+");
        ask("?");
    }

    /** Whether nobody has closed the connection from this side. */
    boolean isOpen() {
        return channel.isOpen();
    }

    /** Sets a hardware breakpoint: it leaves the guest's memory as it is. */
    public void setBreakpoint(long address) throws IOException {
        expectOk("Z1," + Long.toHexString(address) + ",1");
    }

    public void clearBreakpoint(long address) throws IOException {
        expectOk("z1," + Long.toHexString(address) + ",1");
    }

    /** Lets all CPUs run. */
    public void resume() throws IOException {
        send("vCont;c");
    }

    /** Lets one CPU execute one instruction, with interrupts masked as QEMU does by default. */
    public int step(int cpu, Deadline deadline) throws IOException {
        send("vCont;s:" + Integer.toHexString(cpu + 1));
        return awaitStop(deadline);
    }

    /**
     * Waits for a stop after {@link #resume}.
     *
     * @return the CPU that stopped
     * @throws MachineException.Late where none stopped in time; the machine still runs then
     */
    public int awaitStop(Deadline deadline) throws IOException {
        String packet = receive(deadline);
        Matcher stop = STOP.matcher(packet);
        if (!stop.find()) {
            throw new MachineException("the gdbstub reported no stop but \"" + packet + "\"");
        }
        return Integer.parseInt(stop.group(1), 16) - 1;
    }

    /** Stops a machine that {@link #resume} set going, and waits until it has stopped. */
    public void interrupt() throws IOException {
        write(new byte[] {3});
        awaitStop(Deadline.in(PATIENCE));
    }

    public Registers registers(int cpu) throws IOException {
        select(cpu);
        byte[] bytes = hex("g", ask("g"));
        if (bytes.length < REGISTER_BYTES) {
            throw new MachineException("the gdbstub gave only " + bytes.length + " bytes of registers");
        }
        ByteBuffer raw = ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        Map<Register, Long> values = new EnumMap<>(Register.class);
        for (Register register : Register.values()) {
            switch (register) {
                case RFLAGS, CS -> values.put(register, (long) raw.getInt());
                case GS_BASE, CR3 -> {
                    // Not at a fixed place of the packet; "info registers" gives them.
                }
                default -> values.put(register, raw.getLong());
            }
        }
        return new Registers(cpu, values);
    }

    /** Guest memory as the CPU's page tables map it. */
    public byte[] read(int cpu, long address, int length) throws IOException {
        select(cpu);
        byte[] bytes = new byte[length];
        for (int done = 0; done < length; ) {
            int chunk = Math.min(MEMORY_CHUNK, length - done);
            String answer = ask("m" + Long.toHexString(address + done) + "," + Integer.toHexString(chunk));
            if (answer.startsWith("E") || answer.isEmpty()) {
                throw new MachineException("guest address 0x" + Long.toHexString(address + done) + " cannot be read");
            }
            byte[] part = hex("m", answer);
            if (part.length == 0 || part.length > chunk) {
                throw new MachineException("the gdbstub gave " + part.length + " bytes for " + chunk);
            }
            System.arraycopy(part, 0, bytes, done, part.length);
            done += part.length;
        }
        return bytes;
    }

    /** Leaves the machine running, without breakpoints, as if nobody had been there. */
    public void detach() throws IOException {
        expectOk("D");
        close();
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }

    private void select(int cpu) throws IOException {
        expectOk("Hg" + Integer.toHexString(cpu + 1));
    }

    private static byte[] hex(String packet, String answer) throws MachineException {
        try {
            return HEX.parseHex(answer);
        } catch (IllegalArgumentException e) {
            throw new MachineException("the gdbstub answered \"" + answer + "\" to " + packet, e);
        }
    }

    private void expectOk(String packet) throws IOException {
        String answer = ask(packet);
        if (!answer.equals("OK")) {
            throw new MachineException("the gdbstub answered \"" + answer + "\" to " + packet);
        }
    }

    private String ask(String packet) throws IOException {
        send(packet);
        return receive(Deadline.in(PATIENCE));
    }

    private void send(String packet) throws IOException {
        byte[] body = packet.getBytes(StandardCharsets.ISO_8859_1);
        int sum = 0;
        for (byte b : body) {
            sum += b & 0xff;
        }
        write(String.format("$%s#%02x", packet, sum & 0xff).getBytes(StandardCharsets.ISO_8859_1));
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

    /** The next packet's body; acknowledgements are passed over, and each packet is acknowledged. */
    private String receive(Deadline deadline) throws IOException {
        while (nextByte(deadline) != '$') {
            // '+', and whatever a broken stub may send between packets.
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
                    throw new MachineException("the gdbstub repeats nothing: \"" + body + "\"");
                }
                body.append(String.valueOf(body.charAt(body.length() - 1)).repeat(count - 29));
            } else {
                body.append((char) b);
            }
        }
        String told = "" + (char) nextByte(deadline) + (char) nextByte(deadline);
        // A socket of this host loses nothing, so that there is nothing to ask for again.
        if (!told.equalsIgnoreCase(String.format("%02x", sum & 0xff))) {
            throw new MachineException("the gdbstub's packet \"" + body + "\" has the checksum " + told);
        }
        write(new byte[] {'+'});
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
                    throw new MachineException.Late("the gdbstub said nothing in time");
                }
                selector.select(deadline.remainingMillis());
                selector.selectedKeys().clear();
            }
        }
        return in.get() & 0xff;
    }
}
