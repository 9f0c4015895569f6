// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Disassembles machine code with objdump of binutils. */
public final class Disassembler {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    /** {@code ffffffff81674125:	lock cmpxchg %edx,(%rbx)}. */
    private static final Pattern INSTRUCTION = Pattern.compile("\\s*([0-9a-f]+):\\s+(\\S.*)");

    /** CPUs spin in a few loops, which are asked for again and again. */
    private static final int REMEMBERED = 16;

    private static final Map<Code, List<Instruction>> KNOWN =
            Collections.synchronizedMap(new LinkedHashMap<>(REMEMBERED, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Code, List<Instruction>> eldest) {
                    return size() > REMEMBERED;
                }
            });

    private Disassembler() {}

    private record Code(long address, ByteBuffer bytes) {}

    /**
     * An instruction.
     *
     * @param text in AT&amp;T syntax, with the targets of jumps as addresses
     */
    public record Instruction(long address, String text) {}

    /**
     * Disassembles x86-64 code, in the order of its addresses.
     *
     * @param address the address of the first byte, at which an instruction begins
     * @throws KernelException if objdump cannot be run
     */
    public static List<Instruction> disassemble(long address, byte[] code)
            throws IOException, InterruptedException, KernelException {
        Code key = new Code(address, ByteBuffer.wrap(code.clone()));
        List<Instruction> known = KNOWN.get(key);
        if (known == null) {
            known = List.copyOf(objdump(address, code));
            KNOWN.put(key, known);
        }
        return known;
    }

    private static List<Instruction> objdump(long address, byte[] code)
            throws IOException, InterruptedException, KernelException {
        Path file = Files.createTempFile("ksplat-code-", ".bin");
        try {
            Files.write(file, code);
            Command.Outcome outcome = new Command(
                            DEADLINE,
                            List.of(
                                    "objdump",
                                    "-D",
                                    "-b",
                                    "binary",
                                    "-m",
                                    "i386:x86-64",
                                    "--no-show-raw-insn",
                                    "--adjust-vma=0x" + Long.toHexString(address),
                                    file.toString()))
                    .run(Path.of("/"));
            if (!outcome.ok()) {
                throw new KernelException("objdump failed: " + String.join("; ", outcome.lines()));
            }
            return parse(outcome.lines());
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static List<Instruction> parse(List<String> lines) {
        List<Instruction> instructions = new ArrayList<>();
        for (String line : lines) {
            Matcher instruction = INSTRUCTION.matcher(line);
            if (instruction.matches()) {
                instructions.add(new Instruction(
                        Long.parseUnsignedLong(instruction.group(1), 16),
                        instruction.group(2).strip()));
            }
        }
        return instructions;
    }
}
