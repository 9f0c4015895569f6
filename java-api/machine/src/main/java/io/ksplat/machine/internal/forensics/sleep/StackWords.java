// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** The words of the part of a task's stack that is in use: what its functions have saved there. */
record StackWords(long start, long end, KernelData data) {
    /** From where the task left the CPU: the frames of the functions that wait. */
    private static final int MOST_WORDS = 512;

    /** Returns those of a task that is on no CPU; no words if its stack pointer cannot be read. */
    static StackWords of(long task, KernelData data) {
        OptionalLong sp = data.field(task, "task_struct", Arch.guest().savedStackPointer());
        long start = sp.orElse(0) & -Long.BYTES;
        return new StackWords(
                start, sp.isEmpty() ? start : (start | Arch.guest().stackBytes() - 1) + 1, data);
    }

    boolean contains(long address) {
        return Long.compareUnsigned(address, start) >= 0 && Long.compareUnsigned(address, end) < 0;
    }

    /** A word and where it is. */
    record Word(long address, long value) {}

    /** Returns the innermost words. */
    List<Word> innermost() {
        return words(MOST_WORDS);
    }

    List<Word> all() {
        return words((int) ((end - start) / Long.BYTES));
    }

    private List<Word> words(int most) {
        List<Word> words = new ArrayList<>();
        for (long at = start; at < end && words.size() < most; at += Long.BYTES) {
            OptionalLong value = data.word(at);
            if (value.isEmpty()) {
                return words;
            }
            words.add(new Word(at, value.getAsLong()));
        }
        return words;
    }
}
