// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The source lines of a kernel's code, from its DWARF. Runs addr2line of binutils, one process for each set of addresses. Thread-safe.
 */
public final class DebugInfo {
    /** A few addresses take 0.1 s, 2,000 take 4 s on a slow host. */
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    /** A function that every kernel has. Its file in the tree tells the folder that the tree was built in. */
    private static final String KNOWN_FUNCTION = "start_kernel";

    private static final String KNOWN_FILE = "init/main.c";

    /** gdb prints {@code Line 3123 of "kernel/rcu/tree.c" starts at address 0xffffffff81.. <call_rcu+4> and ends at ...}. */
    private static final Pattern LINE_BEGINS = Pattern.compile("^Line \\d+ of .* starts at address 0x([0-9a-f]+)");

    private static final Pattern ADDRESS = Pattern.compile("0x[0-9a-f]+");
    private static final Pattern PLACE = Pattern.compile("(.+):(\\d+|\\?)(?: \\(discriminator \\d+\\))?");

    private final Path vmlinux;
    private final Symbols linked;
    private final long start;
    private final Map<Long, List<Place>> known = new HashMap<>();
    private String root = "";

    private DebugInfo(Path vmlinux, Symbols linked, long start) {
        this.vmlinux = vmlinux;
        this.linked = linked;
        this.start = start;
    }

    /**
     * A function at an address, and the source line.
     *
     * @param function the name in C, without the compiler's suffixes
     * @param file the path from the root of the kernel tree
     * @param line from 1
     */
    public record Place(String function, String file, int line) {}

    /**
     * Opens the DWARF of a file.
     *
     * @param symbols the symbols of the same kernel, from any boot
     * @throws IOException if the file is not a kernel
     */
    public static DebugInfo of(Path vmlinux, Symbols symbols) throws IOException {
        try (FileChannel file = FileChannel.open(vmlinux)) {
            Optional<Elf> elf = Elf.of(file);
            OptionalLong start = elf.isPresent() ? elf.get().firstCode() : OptionalLong.empty();
            if (start.isEmpty()) {
                throw new IOException("read DWARF: " + vmlinux + " is not a vmlinux");
            }
            return new DebugInfo(vmlinux, symbols, start.getAsLong());
        }
    }

    /**
     * Finds the functions at addresses, the innermost inlined one first, and their lines. Leaves out an address without line information.
     *
     * @param text the address of {@code _text} in this boot
     * @param addresses addresses in this boot
     * @throws KernelException if addr2line cannot be run
     */
    public synchronized Map<Long, List<Place>> places(long text, Collection<Long> addresses)
            throws IOException, InterruptedException, KernelException {
        long slide = text - start;
        Set<Long> missing = new LinkedHashSet<>();
        addresses.stream()
                .map(address -> address - slide)
                .filter(address -> !known.containsKey(address))
                .forEach(missing::add);
        if (!missing.isEmpty()) {
            lookUp(missing);
        }
        Map<Long, List<Place>> places = new HashMap<>();
        for (long address : addresses) {
            List<Place> found = known.getOrDefault(address - slide, List.of());
            if (!found.isEmpty()) {
                places.put(address, found);
            }
        }
        return places;
    }

    /**
     * Finds the instructions at which a source line begins, with gdb: several if the line was inlined or unrolled.
     *
     * @param text the address of {@code _text} in this boot
     * @param file the path in the kernel tree, or the end of it
     * @throws KernelException if gdb cannot be run, or no code begins at the line
     */
    public List<Long> addresses(long text, String file, int line)
            throws IOException, InterruptedException, KernelException {
        Command.Outcome outcome = new Command(
                        DEADLINE,
                        List.of("gdb", "-nx", "-batch", "-ex", "info line " + file + ":" + line, vmlinux.toString()))
                .run(Path.of("/"));
        List<Long> found = new ArrayList<>();
        for (String printed : outcome.lines()) {
            Matcher begins = LINE_BEGINS.matcher(printed);
            if (begins.find()) {
                found.add(Long.parseUnsignedLong(begins.group(1), 16) + text - start);
            }
        }
        if (found.isEmpty()) {
            throw new KernelException("no code begins at " + file + ":" + line
                    + (outcome.lines().isEmpty()
                            ? ""
                            : ", gdb says: "
                                    + outcome.lines()
                                            .get(outcome.lines().size() - 1)
                                            .strip()));
        }
        return found;
    }

    private void lookUp(Set<Long> addresses) throws IOException, InterruptedException, KernelException {
        long anchor = linked.address(KNOWN_FUNCTION).orElse(0)
                - linked.address("_text").orElse(0)
                + start;
        addresses.add(anchor);
        List<String> command = new ArrayList<>(List.of("addr2line", "-a", "-i", "-f", "-e", vmlinux.toString()));
        addresses.forEach(address -> command.add("0x" + Long.toHexString(address)));
        Command.Outcome outcome = new Command(DEADLINE, command).run(Path.of("/"));
        if (!outcome.ok()) {
            throw new KernelException("addr2line failed on " + vmlinux + ": "
                    + (outcome.lines().isEmpty()
                            ? "exit code " + outcome.exit()
                            : outcome.lines().get(0)));
        }
        Map<Long, List<Place>> read = parse(outcome.lines());
        for (Place place : read.getOrDefault(anchor, List.of())) {
            if (place.file.endsWith("/" + KNOWN_FILE)) {
                root = place.file.substring(0, place.file.length() - KNOWN_FILE.length());
            }
        }
        for (long address : addresses) {
            known.put(
                    address,
                    read.getOrDefault(address, List.of()).stream()
                            .map(place -> new Place(place.function, inTree(place.file), place.line))
                            .toList());
        }
    }

    private String inTree(String file) {
        String path = Path.of(file).normalize().toString();
        return !root.isEmpty() && path.startsWith(root) ? path.substring(root.length()) : path;
    }

    /** Parses what addr2line prints: {@code 0xffffffff8110b810}, then for each function its name and its line, {@code /tree/kernel/rcu/tree.c:3300}. */
    static Map<Long, List<Place>> parse(List<String> lines) {
        Map<Long, List<Place>> places = new HashMap<>();
        List<Place> current = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (ADDRESS.matcher(lines.get(i)).matches()) {
                current = new ArrayList<>();
                places.put(Long.parseUnsignedLong(lines.get(i).substring(2), 16), current);
            } else if (i + 1 < lines.size()) {
                Matcher place = PLACE.matcher(lines.get(i + 1));
                if (place.matches() && place.group(2).matches("[1-9]\\d{0,8}")) {
                    current.add(new Place(lines.get(i), place.group(1), Integer.parseInt(place.group(2))));
                }
                i++;
            }
        }
        return places;
    }
}
