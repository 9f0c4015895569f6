// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.internal.forensics.hang.Sample;
import io.ksplat.results.SampledSpan;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SampledSpansTest {
    private static final long MS = 1_000_000;
    private static final long KERNEL = 0xffffffff81000000L;

    private final SampledSpans spans = new SampledSpans();

    private static Sample.Cpu cpu(int cpu, long rip, boolean interrupts, String function) {
        return new Sample.Cpu(
                cpu, 0, rip, interrupts, Optional.of(function).filter(name -> !name.isEmpty()), OptionalLong.empty());
    }

    private void at(long ms, Sample.Cpu... cpus) {
        spans.add(new Sample(ms * MS, List.of(cpus)));
    }

    @Test
    void joinsWhatFollowsInOneContextOfOneCpu() {
        at(1010, cpu(0, 0x401000, true, ""), cpu(1, KERNEL, true, "pv_native_safe_halt"));
        at(1020, cpu(0, 0x401008, true, ""), cpu(1, KERNEL, true, "vfs_read"));
        at(1030, cpu(0, KERNEL, false, "_raw_spin_lock"), cpu(1, KERNEL, true, "vfs_write"));
        at(1040, cpu(0, KERNEL, false, "native_queued_spin_lock_slowpath"), cpu(1, KERNEL, true, "vfs_read"));
        assertThat(spans.since(1000 * MS))
                .containsExactly(
                        new SampledSpan(0, 10, 20, "user", 2, List.of()),
                        new SampledSpan(
                                0,
                                30,
                                40,
                                "irqs-off",
                                2,
                                List.of("_raw_spin_lock", "native_queued_spin_lock_slowpath")),
                        new SampledSpan(1, 10, 10, "idle", 1, List.of("pv_native_safe_halt")),
                        new SampledSpan(1, 20, 40, "kernel", 3, List.of("vfs_read", "vfs_write")));
    }

    /** One CPU that changes all the time must not push out what another one hangs in. */
    @Test
    void keepsTheEndOfEachCpu() {
        for (int i = 0; i < 1000; i++) {
            at(i, cpu(0, KERNEL, false, "f" + i), cpu(1, i % 2 == 0 ? KERNEL : 0x401000, true, ""));
        }
        List<SampledSpan> all = spans.since(0);
        assertThat(all).hasSizeLessThan(100);
        assertThat(all.get(0)).isEqualTo(new SampledSpan(0, 0, 999, "irqs-off", 1000, List.of("f0", "f1", "f2", "f3")));
        assertThat(all.get(all.size() - 1).toMs()).isEqualTo(999);
    }
}
