// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.htab;

import static io.ksplat.evidence.Verdict.CLEAN;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Reproducer(
        id = "htab-reuse",
        bpf = "htab_reuse.bpf.c",
        shows =
                "an element's bpf_spin_lock, which may be held when the element is used again, and is free when it is new",
        seed = "bpf: Handle reuse in bpf memory alloc")
@Expect(
        verdict = CLEAN,
        cases = {"stale", "stale-prealloc"},
        because =
                "a freed element is the next to be used again, and a program that still looks at it does not learn of it")
@Expect(
        verdict = CLEAN,
        because =
                "a freed element's lock is not initialised again, so its holder can release it; its value may be another element's")
class HtabReuse {
    /** An empty Ethernet frame: on 6.1 only programs that cannot sleep, for example those of tc, may take a bpf_spin_lock. */
    private static final byte[] PACKET = new byte[14];

    /** See htab_reuse.bpf.c. */
    private static final int ELEMENTS = 1024;

    /** More elements than the allocator's cache of a CPU keeps. */
    private static final int FEW = 256;

    @Test
    void withoutPreallocation(Machine machine, BpfObject bpf) throws IOException {
        dirtyTheSlab(machine);
        // A new map, which gets its first elements from the dirty slab.
        BpfObject fresh = machine.load("htab_reuse.bpf.c");
        machine.controls().atLeast("taken", fresh.global("taken"), ELEMENTS);
        BpfProgram.startTogether(fresh.program("take_many").onPacket(0, PACKET));
        if (machine.eventually(() -> fresh.global("taken").get() == ELEMENTS)) {
            race(machine, fresh);
        }
    }

    private static void dirtyTheSlab(Machine machine) throws IOException {
        BpfObject slab = machine.load("dirty_slab.bpf.c");
        slab.program("on_free").attach();
        machine.controls().atLeast("dirtied", slab.global("dirtied"), ELEMENTS);
        slab.global("elements_a_turn").set(4 * ELEMENTS);
        slab.program("dirty").runOnPacket(0, PACKET);
        // The allocator checks the objects that wait for a grace period when its cache overflows again. More elements
        // would reuse them.
        slab.global("elements_a_turn").set(FEW);
        machine.eventually(() -> {
            slab.program("dirty").runOnPacket(0, PACKET);
            return slab.global("dirtied").get() >= ELEMENTS;
        });
    }

    @Case("prealloc")
    @Test
    void preallocated(Machine machine, BpfObject bpf) throws IOException {
        race(machine, bpf);
    }

    /**
     * The second issue of the thread, which is documented behaviour: an element that was found by one key now belongs
     * to another.
     */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"stale", "stale-prealloc"})
    void lookedUpByOneKeyAndFoundToBeAnothers(String name, Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("looked", bpf.global("looked"), 1).atLeast("stale", bpf.global("stale"), 1);
        bpf.program("look_and_reuse").runOnPacket(0, PACKET);
    }

    /** {@code stale} may stay 0 here: the two programs have to meet for it. */
    private static void race(Machine machine, BpfObject bpf) throws IOException {
        machine.controls()
                .atLeast("updated", bpf.global("updated"), 1000)
                .atLeast("deleted", bpf.global("deleted"), 1000)
                .atLeast("locked", bpf.global("locked"), 1000)
                .atLeast("stale", bpf.global("stale"), 0)
                .atLeast("ended", bpf.global("ended"), 2);
        BpfProgram.startTogether(
                bpf.program("writer").onPacket(0, PACKET), bpf.program("reader").onPacket(1, PACKET));
    }
}
