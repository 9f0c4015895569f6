// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Stack;
import io.ksplat.machine.internal.arch.OrcFormat;
import io.ksplat.machine.internal.forensics.StoppedCpu;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against CPUs of real kernels, and against those kernels' own unwinder. */
class UnwinderGoldenTest {
    static List<Path> all() throws IOException {
        return StoppedCpu.all();
    }

    @ParameterizedTest
    @MethodSource("all")
    void unwindsRealStacks(Path file) {
        StoppedCpu stopped = StoppedCpu.read(file);
        assertThat(StoppedCpu.show(stopped.unwind())).isEqualTo(stopped.stacks());
    }

    @ParameterizedTest
    @MethodSource("all")
    void agreesWithWhatTheKernelItselfPrinted(Path file) {
        StoppedCpu stopped = StoppedCpu.read(file);
        if (!stopped.kernelsOwn().isEmpty()) {
            List<String> frames = stopped.unwind().stream()
                    .flatMap(s -> s.frames().stream())
                    .skip(1) // the kernel was in the function at address 0 by then
                    .map(StoppedCpu::show)
                    .filter(f -> !f.startsWith("ftrace_trampoline")) // the kernel prints no name for it
                    .toList();
            assertThat(stopped.kernelsFrames()).isEqualTo(frames).hasSizeGreaterThan(3);
        }
    }

    @Test
    void theExamplesCoverAllLayoutsOfTheTable() throws IOException {
        Set<OrcFormat> seen = new HashSet<>();
        for (Path file : all()) {
            seen.add(StoppedCpu.read(file).table().format());
        }
        assertThat(seen).containsExactlyInAnyOrder(OrcFormat.values());
    }

    @Test
    void tellsTheCpuAndTheContextsInnermostFirst() {
        List<Stack> stacks = StoppedCpu.read(Path.of("src/test/resources/forensics/7.3-nmi-in-timer-interrupt.txt"))
                .unwind();
        assertThat(stacks).extracting(Stack::context).containsExactly("nmi", "irq", "task");
        assertThat(stacks).allSatisfy(s -> assertThat(s.cpu()).isEqualTo(OptionalInt.of(0)));
    }
}
