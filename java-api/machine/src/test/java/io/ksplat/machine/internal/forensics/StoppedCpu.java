// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.arch.OrcFormat;
import io.ksplat.machine.internal.arch.OrcTable;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import io.ksplat.machine.internal.forensics.unwind.Unwinder;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A CPU of a real kernel that was stopped at a breakpoint: its registers, the words of its stacks that matter, excerpts of its
 * tables, the stacks that are expected, and where there is one what the kernel itself printed when it was then made to call
 * address 0 from there.
 */
public record StoppedCpu(
        Registers registers,
        Map<Long, byte[]> pages,
        Symbols symbols,
        OrcTable table,
        List<String> stacks,
        List<String> kernelsOwn) {

    private static final Pattern KERNEL_FRAME = Pattern.compile("(?:RIP: 0010:)?(\\S+\\+0x[0-9a-f]+)/0x[0-9a-f]+");

    public static List<Path> all() throws IOException {
        Path folder = Path.of("src/test/resources/forensics");
        try (var files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".txt")).sorted().toList();
        }
    }

    public static StoppedCpu read(Path file) {
        try {
            return parse(Files.readAllLines(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static StoppedCpu parse(List<String> lines) throws IOException {
        Map<String, List<String>> sections = new LinkedHashMap<>();
        String section = "";
        for (String line : lines) {
            if (line.startsWith("[")) {
                section = line;
            } else {
                sections.computeIfAbsent(section, s -> new ArrayList<>()).add(line);
            }
        }
        return new StoppedCpu(
                registers(sections.get("[registers]").get(0)),
                pages(sections.get("[memory]")),
                Symbols.parse(String.join("\n", sections.get("[symbols]"))
                        .concat("\n")
                        .getBytes(UTF_8)),
                table(sections.get("[orc]")),
                sections.get("[stacks]"),
                sections.getOrDefault("[kernel]", List.of()));
    }

    private static Registers registers(String line) {
        String[] words = line.split(" ", -1);
        Map<Register, Long> values = new EnumMap<>(Register.class);
        for (int i = 1; i < words.length; i++) {
            String[] pair = words[i].split("=", -1);
            values.put(Register.valueOf(pair[0]), Long.parseUnsignedLong(pair[1], 16));
        }
        return new Registers(Integer.parseInt(words[0]), values);
    }

    private static Map<Long, byte[]> pages(List<String> lines) {
        Map<Long, byte[]> pages = new TreeMap<>();
        ByteBuffer page = ByteBuffer.allocate(0);
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            if (words[0].equals("page")) {
                byte[] bytes = new byte[CachedMemory.PAGE];
                page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
                pages.put(Long.parseUnsignedLong(words[1], 16), bytes);
            } else {
                page.putLong(Integer.parseInt(words[0], 16), Long.parseUnsignedLong(words[1], 16));
            }
        }
        return pages;
    }

    private static OrcTable table(List<String> lines) throws IOException {
        ByteBuffer ips = ByteBuffer.allocate(4 * lines.size()).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer entries = ByteBuffer.allocate(OrcFormat.ENTRY_BYTES * lines.size());
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            ips.putInt(Integer.parseInt(words[0]) - ips.position());
            entries.put(HexFormat.of().parseHex(words[1]));
        }
        return OrcTable.of(ips.array(), entries.array());
    }

    GuestMemory memory() {
        return (address, length) -> {
            byte[] page = pages.get(address);
            if (page == null || length != CachedMemory.PAGE) {
                throw new IOException("not mapped");
            }
            return page.clone();
        };
    }

    public List<Stack> unwind() {
        return new Unwinder(symbols, table).unwind(registers, memory());
    }

    /** The frames that the kernel was sure of, in the form of {@link #show}. */
    public List<String> kernelsFrames() {
        return kernelsOwn.stream()
                .map(KERNEL_FRAME::matcher)
                .filter(Matcher::matches)
                .map(m -> m.group(1))
                .toList();
    }

    public static String show(Frame frame) {
        String offset = frame.offset().isPresent()
                ? "+0x" + Long.toHexString(frame.offset().getAsLong())
                : "";
        return (frame.certain() ? "" : "? ") + frame.function() + offset;
    }

    public static List<String> show(List<Stack> stacks) {
        List<String> lines = new ArrayList<>();
        for (Stack stack : stacks) {
            lines.add("<" + stack.context() + ">");
            stack.frames().forEach(f -> lines.add(show(f)));
        }
        return lines;
    }
}
