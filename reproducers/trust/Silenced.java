// SPDX-License-Identifier: Apache-2.0
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A kernel that has reported something, and a console that does not say what. CLEAN is wrong. */
@Reproducer(
        id = "trust-silenced",
        bpf = "busy.bpf.c",
        shows = "a warning that reaches neither the console nor the log",
        seed = "A verdict is never wrong")
@Expect(verdict = INCONCLUSIVE, because = "the kernel is tainted as by a warning, and nobody knows which")
class Silenced {
    /** include/linux/panic.h: TAINT_WARN. */
    private static final String WARNED = "512";

    @Test
    void aWarningThatNobodyHears(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("ended", bpf.global("busy_ended"), 1);
        bpf.program("busy").startOn(0);
        machine.writeFile("/proc/sys/kernel/tainted", WARNED);
    }
}
