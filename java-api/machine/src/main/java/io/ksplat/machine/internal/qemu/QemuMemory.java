// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The guest's memory as QEMU has it mapped (proc(5), /proc/PID/mem): to read it costs QEMU nothing, while each command of its monitor
 * takes a millisecond of the machine's CPU time.
 */
final class QemuMemory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QemuMemory.class);

    /** Below this, guest physical memory has no hole on any machine type (QEMU, hw/i386/pc_q35.c and microvm.c). */
    private static final int MOST_MIB = 2048;

    /** Of /proc/PID/maps: a file that is mapped for reading and writing. */
    private static final Pattern MAPPING =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) rw-[ps] [0-9a-f]+ \\S+ \\d+ +(/.*)");

    private final FileChannel channel;
    private final long start;
    private final long bytes;

    private QemuMemory(FileChannel channel, long start, long bytes) {
        this.channel = channel;
        this.start = start;
        this.bytes = bytes;
    }

    /**
     * Opens it.
     *
     * @param thread the id of any of QEMU's threads
     * @return empty if the memory is no file, or if the host lets nobody read another process (ptrace(2), ptrace_scope)
     */
    static Optional<QemuMemory> of(long thread, int memoryMiB) {
        if (memoryMiB > MOST_MIB) {
            return Optional.empty();
        }
        Path process = Path.of("/proc", Long.toString(thread));
        long bytes = (long) memoryMiB << 20;
        try {
            List<Long> found = new ArrayList<>();
            for (String line : Files.readAllLines(process.resolve("maps"))) {
                Matcher mapping = MAPPING.matcher(line);
                if (mapping.matches()) {
                    long from = Long.parseLong(mapping.group(1), 16);
                    if (Long.parseLong(mapping.group(2), 16) - from == bytes) {
                        found.add(from);
                    }
                }
            }
            return found.size() == 1
                    ? Optional.of(new QemuMemory(
                            FileChannel.open(process.resolve("mem"), StandardOpenOption.READ), found.get(0), bytes))
                    : Optional.empty();
        } catch (IOException e) {
            LOG.debug("cannot read QEMU's memory from outside", e);
            return Optional.empty();
        }
    }

    /** Reads guest memory by physical address; empty if it is none of the guest's memory, or QEMU is gone. */
    Optional<byte[]> read(long address, int length) {
        if (address < 0 || length < 0 || address > bytes - length) {
            return Optional.empty();
        }
        ByteBuffer buffer = ByteBuffer.allocate(length);
        try {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, start + address + buffer.position()) <= 0) {
                    return Optional.empty();
                }
            }
        } catch (IOException e) {
            LOG.debug("cannot read QEMU's memory at {}", address, e);
            return Optional.empty();
        }
        return Optional.of(buffer.array());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
