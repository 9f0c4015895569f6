// SPDX-License-Identifier: Apache-2.0
import static io.ksplat.evidence.Verdict.DEADLOCK;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A writer waits between two read locks of one reader's: a ring of sleeping tasks, all of it the kernel's; see vma.bpf.c. */
@Reproducer(
        id = "trust-mmap-lock",
        bpf = "vma.bpf.c",
        shows = "mmap_lock is taken twice for reading, and a writer waits in between",
        seed = "A verdict is never wrong")
@Expect(verdict = DEADLOCK, because = "the reader waits behind the writer, which waits for the reader")
class MmapLock {
    @Case("process")
    @Test
    void ofAProcess(Machine machine, BpfObject bpf) throws IOException {
        start(0, machine, bpf, "writes");
        machine.eventually(() -> bpf.global("waits").get() > 0);
    }

    /** The variables of an object that it loads become part of its memory. */
    @Case("agent")
    @Test
    void ofTheAgent(Machine machine, BpfObject bpf) throws IOException {
        start(1, machine, bpf, "reads");
        if (machine.eventually(() -> bpf.global("holding").get() > 0)) {
            machine.load("tell.bpf.c");
        }
    }

    private static void start(int whose, Machine machine, BpfObject bpf, String does) throws IOException {
        machine.controls().atLeast("holding", bpf.global("holding"), 1).atLeast("waits", bpf.global("waits"), 1);
        bpf.global("whose").set(whose);
        bpf.program("read_twice").attach();
        machine.spawn(0, Programs.built("vma.c"), does).runsUntilTheEnd();
    }
}
