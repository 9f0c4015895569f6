// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BpfStreamParserTest {
    @Test
    void aRefusedLockIsOneThatTheCpuHolds() {
        String stream = """
                ERROR: AA or ABBA deadlock detected for bpf_res_spin_lock_irqsave
                Attempted lock   = 0xff11000104a8c010
                Total held locks = 2
                Held lock[ 0] = 0xff11000104a8c010
                Held lock[ 1] = 0xff11000104a8c020
                CPU: 1 UID: 0 PID: 77 Comm: ksplat-agent
                Call trace:
                bpf_stream_stage_dump_stack+0xb1/0x110
                bpf_prog_report_rqspinlock_violation+0x10b/0x130
                bpf_res_spin_lock_irqsave+0x8c/0xa0
                bpf_prog_3699ea119d1f6ed8_foo+0xe5/0x140
                  if (bpf_res_spin_lock(&v1->lock)) @ stream.c:32
                bpf_test_run+0x1c4/0x3e0

                """;
        Evidence found = BpfStreamParser.parse(stream).get(0);
        assertThat(found.kind()).isEqualTo(EvidenceKind.RQSPINLOCK);
        assertThat(found.source()).isEqualTo(Source.BPF_STREAM);
        assertThat(found.title()).isEqualTo("rqspinlock: AA or ABBA deadlock in foo");
        assertThat(found.locks()).extracting(LockRef::name).containsExactly("0xff11000104a8c010", "0xff11000104a8c020");
        assertThat(found.cycle()).hasSize(1);
        Frame program = found.stacks().get(0).frames().get(3);
        assertThat(program.function()).isEqualTo("bpf_prog_3699ea119d1f6ed8_foo");
        assertThat(program.file()).hasValue("stream.c");
        assertThat(program.line()).hasValue(32);
    }

    @Test
    void aProgramsOwnOutputIsNoReport() {
        assertThat(BpfStreamParser.parse("hello from a program\nERROR: my own words\nBUG: soft lockup - CPU#1\n"))
                .isEmpty();
    }
}
