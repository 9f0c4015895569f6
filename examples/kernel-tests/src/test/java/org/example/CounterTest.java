// SPDX-License-Identifier: Apache-2.0
package org.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.EnabledOnKernel;
import io.ksplat.junit.KernelTest;
import io.ksplat.junit.Kernels;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Ordinary tests of a BPF program, each on a pristine machine. */
@KernelTest(bpf = "counter.bpf.c")
@Kernels("debian:7.2")
class CounterTest {
    @Test
    void countsTheRuns(BpfObject bpf) throws IOException {
        bpf.program("count").run();
        bpf.program("count").run();
        assertThat(bpf.global("runs").get()).isEqualTo(2);
    }

    @Test
    void beginsAtZero(Machine machine, BpfObject bpf) throws IOException {
        assertThat(machine.release()).startsWith("7.2");
        assertThat(bpf.global("runs").get()).isZero();
    }

    @Test
    @EnabledOnKernel(value = "[99,)", because = "this shows what a skip looks like")
    void isSkippedWithTheReason(Machine machine) {
        throw new AssertionError("ran on " + machine.release());
    }
}
