// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.lacks;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.KernelTest;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What is refused and what is lacking, in the object of the reproducer and in its method. */
public final class Refusals {
    private Refusals() {}

    @Reproducer(id = "lacks-kfunc", bpf = "strong_kfunc.bpf.c", shows = "a kfunc that is not there", seed = "none")
    @Expect(verdict = Verdict.UNSUPPORTED)
    public static final class LacksKfunc {
        @Test
        void runs(Machine machine, BpfObject bpf) throws IOException {
            bpf.program("lacking").run();
        }
    }

    @Reproducer(id = "lacks-kprobe", bpf = "kprobe.bpf.c", shows = "a function that is not there", seed = "none")
    @Expect(verdict = Verdict.UNSUPPORTED)
    public static final class LacksKprobe {
        @Test
        void runs(Machine machine, BpfObject bpf) throws IOException {
            bpf.program("lacking").attach();
        }
    }

    @KernelTest
    @Expect(verdict = Verdict.REJECTED, message = "cannot call GPL-restricted function")
    public static final class RefusedInTheMethod {
        @Test
        void runs(Machine machine) throws IOException {
            machine.load("license.bpf.c");
        }
    }

    @KernelTest(bpf = "license.bpf.c")
    @Expect(verdict = Verdict.REJECTED, message = "must be referenced or trusted")
    public static final class RefusedForAnotherReason {
        @Test
        void runs(Machine machine) {}
    }

    @Reproducer(id = "isra", bpf = "isra.bpf.c", shows = "a function that only kallsyms has", seed = "none")
    @Needs(functions = "finish_task_switch.isra.0")
    @Expect(verdict = Verdict.CLEAN)
    public static final class OnlyInKallsyms {
        @Test
        void runs(Machine machine, BpfObject bpf) throws IOException {
            bpf.program("count").attach();
            machine.controls().atLeast("n", bpf.global("n"), 1);
        }
    }
}
