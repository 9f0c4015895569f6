// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.TestMachines;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class QemuMemoryTest {
    @TempDir
    Path folder;

    @Test
    void showsWhatTheMonitorShows() throws Exception {
        TestMachines machines = new TestMachines("debian:7.2");
        try (Guest guest = machines.restore(folder)) {
            VirtualMachine vm = guest.vm();
            int memoryMiB = vm.config().memoryMiB();
            long end = (long) memoryMiB << 20;
            vm.stop();
            try (QemuMemory memory =
                    QemuMemory.of(vm.cpuThreads().get(0), memoryMiB).orElseThrow()) {
                for (long address : new long[] {0x0, 0x1000000, 0x1200123, end - 256}) {
                    assertThat(memory.read(address, 256))
                            .as("at %x", address)
                            .hasValue(vm.askForPhysical(address, 256));
                }
                assertThat(memory.read(end - 255, 256)).isEmpty();
                assertThat(memory.read(-1, 8)).isEmpty();
                assertThat(memory.read(Long.MAX_VALUE, 8)).isEmpty();

                TestMachines.signal(TestMachines.pid(vm), "KILL");
                vm.exit().join();
                assertThat(memory.read(0x1000000, 8)).isEmpty();
            }
        }
    }

    @Test
    void isEmptyForWhatIsNoQemu() {
        assertThat(QemuMemory.of(ProcessHandle.current().pid(), 256)).isEmpty();
        assertThat(QemuMemory.of(Long.MAX_VALUE, 256)).isEmpty();
    }
}
