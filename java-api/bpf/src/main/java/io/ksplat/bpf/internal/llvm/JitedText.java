// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.llvm;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.ksplat.bpf.internal.jna.Llvm;
import io.ksplat.bpf.internal.jna.SizeT;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Prints the machine code of a program as test_loader compares it (tools/testing/selftests/bpf/jit_disasm_helpers.c): LLVM's words, a line for each
 * instruction, and L0, L1, ... for the targets of jumps within a function.
 */
public final class JitedText {
    private static final String TRIPLE = "x86_64-pc-linux-gnu";

    /** As many as test_loader names; further jumps have addresses. */
    private static final int MOST_LABELS = 32;

    /** test_loader cuts longer lines. */
    private static final int LINE_BYTES = 64;

    /** The bytes of an instruction stand before it, with blanks in the place of those that a longer one would have. */
    private static final int BYTES_COLUMN = 12;

    private JitedText() {}

    /** Returns why this host cannot print machine code; empty: it can. */
    public static Optional<String> problem() {
        return LlvmLibrary.problem();
    }

    /**
     * Prints x86-64 code.
     *
     * @param lengths of its functions, one after the other
     * @throws IOException in one line, if it is no code
     */
    public static String of(ByteBuffer code, List<Integer> lengths) throws IOException {
        Optional<String> problem = problem();
        if (problem.isPresent()) {
            throw new IOException(problem.get());
        }
        StringBuilder text = new StringBuilder();
        int at = 0;
        for (int function = 0; function < lengths.size(); function++) {
            int length = lengths.get(function);
            if (length <= 0 || at + length > code.remaining()) {
                throw new IOException("function " + function + " of the machine code has " + length + " bytes at " + at
                        + ", and all of it " + code.remaining());
            }
            byte[] bytes = new byte[length];
            code.get(code.position() + at, bytes);
            text.append("func #").append(function).append(":\n");
            try (Function one = new Function(bytes)) {
                one.print(text);
            }
            text.append('\n');
            at += length;
        }
        return text.toString();
    }

    /** A function while it is printed: once to find where it jumps to, and once more with names for these. */
    private static final class Function implements AutoCloseable {
        private final byte[] bytes;
        private final Memory code;
        private final Memory line = new Memory(LINE_BYTES);
        private final Llvm.Disassembler llvm;
        // LLVM has its address alone: the field keeps it.
        private final Llvm.SymbolLookup lookup = this::look;
        private long[] targets = {};
        private Memory[] names = {};
        private boolean printing;

        Function(byte[] bytes) throws IOException {
            this.bytes = bytes;
            this.code = new Memory(bytes.length);
            code.write(0, bytes, 0, bytes.length);
            Llvm.Disassembler made = Llvm.LLVMCreateDisasm(TRIPLE, null, 0, null, lookup);
            if (made == null) {
                throw new IOException("LLVM's library has no disassembler for " + TRIPLE);
            }
            llvm = made;
            if (Llvm.LLVMSetDisasmOptions(llvm, Llvm.PRINT_IMMEDIATE_HEX) != 1) {
                close();
                throw new IOException("LLVM's disassembler prints no hexadecimal immediates");
            }
        }

        @Override
        public void close() {
            Llvm.LLVMDisasmDispose(llvm);
        }

        private @Nullable Pointer look(@Nullable Pointer context, long value, Pointer type, long at, Pointer name) {
            boolean jump = type.getLong(0) == Llvm.BRANCH;
            type.setLong(0, Llvm.NO_REFERENCE);
            name.setPointer(0, Pointer.NULL);
            if (!jump) {
                return null;
            }
            if (printing) {
                for (int label = 0; label < targets.length; label++) {
                    if (targets[label] == value) {
                        return names[label];
                    }
                }
            } else if (targets.length < MOST_LABELS && Long.compareUnsigned(value, bytes.length) < 0) {
                // One that is jumped to twice counts twice, as with test_loader: the number of the next depends on it.
                targets = Arrays.copyOf(targets, targets.length + 1);
                targets[targets.length - 1] = value;
            }
            return null;
        }

        private int instruction(int at) throws IOException {
            long length = Llvm.LLVMDisasmInstruction(
                            llvm, code.share(at), bytes.length - at, at, line, new SizeT(LINE_BYTES))
                    .longValue();
            if (length <= 0) {
                throw new IOException(String.format(
                        Locale.ROOT, "LLVM finds no instruction in the machine code at %x: %s", at, hex(at, at + 16)));
            }
            return (int) length;
        }

        private String hex(int from, int to) {
            StringBuilder text = new StringBuilder();
            for (int at = from; at < Math.min(to, bytes.length); at++) {
                text.append(String.format(Locale.ROOT, "%02x ", bytes[at]));
            }
            return text.toString();
        }

        void print(StringBuilder text) throws IOException {
            for (int at = 0; at < bytes.length; ) {
                at += instruction(at);
            }
            Arrays.sort(targets);
            names = new Memory[targets.length];
            for (int label = 0; label < names.length; label++) {
                names[label] = new Memory(LINE_BYTES);
                names[label].setString(0, "L" + label);
            }
            printing = true;
            for (int at = 0; at < bytes.length; ) {
                int length = instruction(at);
                text.append(Integer.toHexString(at)).append(":\t").append(hex(at, at + length));
                text.append("   ".repeat(Math.max(0, BYTES_COLUMN - length)));
                int label = label(at);
                text.append(label < 0 ? "" : "L" + label + ":");
                text.append(line.getString(0, StandardCharsets.US_ASCII.name())).append('\n');
                at += length;
            }
        }

        /** As bsearch(3) of glibc finds one of several. */
        private int label(int at) {
            int low = 0;
            int high = targets.length;
            while (low < high) {
                int middle = (low + high) / 2;
                if (targets[middle] == at) {
                    return middle;
                }
                if (targets[middle] < at) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return -1;
        }
    }
}
