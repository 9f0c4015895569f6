// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.Accelerator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class QemuCommandLineTest {
    private static MachineConfig config(MachineConfig.Virtio virtio, Accelerator accelerator, String... parameters) {
        return new MachineConfig(
                Path.of("/k/image"),
                Path.of("/k/initramfs"),
                virtio,
                2,
                256,
                accelerator,
                2_596_096,
                List.of(parameters));
    }

    private static List<String> words(MachineConfig config) {
        return QemuCommandLine.of(
                "qemu-system-x86_64", config, Path.of("/m/qmp"), Path.of("/m/console"), Path.of("/m/agent"));
    }

    @Test
    void emulatesAKernelWithPciVirtio() {
        assertThat(words(config(MachineConfig.Virtio.PCI, Accelerator.TCG, "rcu_nocbs=all", "apic_extnmi=all")))
                .containsExactly(
                        "qemu-system-x86_64",
                        "-no-user-config",
                        "-nodefaults",
                        "-display",
                        "none",
                        "-no-reboot",
                        "-nographic",
                        "-machine",
                        "microvm,acpi=on,rtc=on,x-option-roms=off,firmware=qboot.rom,pcie=on",
                        "-accel",
                        "tcg,thread=multi",
                        "-cpu",
                        "Nehalem,+rdrand",
                        "-smp",
                        "2",
                        "-m",
                        "256M",
                        "-chardev",
                        "socket,id=qmp,server=off,path=/m/qmp",
                        "-mon",
                        "chardev=qmp,mode=control",
                        "-chardev",
                        "socket,id=console,server=off,path=/m/console",
                        "-serial",
                        "chardev:console",
                        "-chardev",
                        "socket,id=agent,server=off,path=/m/agent",
                        "-device",
                        "virtio-serial-pci",
                        "-device",
                        "virtserialport,chardev=agent,name=io.ksplat.agent",
                        "-kernel",
                        "/k/image",
                        "-initrd",
                        "/k/initramfs",
                        "-append",
                        "console=ttyS0 quiet console_msg_format=syslog oops=panic panic=-1 nokaslr tsc_early_khz=2596096 tsc=reliable"
                                + " rcu_nocbs=all apic_extnmi=all");
    }

    @Test
    void runsAKernelWithMmioVirtioOnTheHostsCpu() {
        assertThat(words(config(MachineConfig.Virtio.MMIO, Accelerator.KVM)))
                .containsExactly(
                        "qemu-system-x86_64",
                        "-no-user-config",
                        "-nodefaults",
                        "-display",
                        "none",
                        "-no-reboot",
                        "-nographic",
                        "-machine",
                        "microvm,acpi=on,rtc=on,x-option-roms=off,firmware=qboot.rom",
                        "-accel",
                        "kvm",
                        "-cpu",
                        "host",
                        "-smp",
                        "2",
                        "-m",
                        "256M",
                        "-chardev",
                        "socket,id=qmp,server=off,path=/m/qmp",
                        "-mon",
                        "chardev=qmp,mode=control",
                        "-chardev",
                        "socket,id=console,server=off,path=/m/console",
                        "-serial",
                        "chardev:console",
                        "-chardev",
                        "socket,id=agent,server=off,path=/m/agent",
                        "-device",
                        "virtio-serial-device",
                        "-device",
                        "virtserialport,chardev=agent,name=io.ksplat.agent",
                        "-kernel",
                        "/k/image",
                        "-initrd",
                        "/k/initramfs",
                        "-append",
                        "console=ttyS0 quiet console_msg_format=syslog oops=panic panic=-1 nokaslr");
    }

    @Test
    void aRestoredMachineDiffersInItsMemoryAndItsKernelAlone() {
        MachineConfig config = config(MachineConfig.Virtio.PCI, Accelerator.TCG);
        QemuCommandLine.Calls calls =
                new QemuCommandLine.Calls(Path.of("/m/qmp"), Path.of("/m/console"), Path.of("/m/agent"));
        List<String> frozen = new ArrayList<>(QemuCommandLine.boot(
                "qemu", config, calls, Optional.of(new RamFile(Path.of("/t/a,b"), RamFile.Use.WRITE))));
        List<String> restored = new ArrayList<>(
                QemuCommandLine.restore("qemu", config, calls, new RamFile(Path.of("/t/a,b"), RamFile.Use.COPY)));

        assertThat(frozen).contains("memory-backend-file,id=ram,size=256M,share=on,mem-path=/t/a,,b");
        assertThat(restored).contains("memory-backend-file,id=ram,size=256M,share=off,mem-path=/t/a,,b");
        assertThat(restored).endsWith("-incoming", "defer");
        frozen.removeIf(word -> word.contains("share="));
        restored.removeIf(word -> word.contains("share="));
        int same = restored.size() - 2;
        assertThat(restored.subList(0, same)).isEqualTo(frozen.subList(0, same));
        assertThat(frozen.get(same)).isEqualTo("-kernel");
    }

    @Test
    void doublesTheCommasOfASocketsPath() {
        assertThat(QemuCommandLine.of(
                        "qemu",
                        config(MachineConfig.Virtio.PCI, Accelerator.TCG),
                        Path.of("/a,b/qmp"),
                        Path.of("/a,b/c,d"),
                        Path.of("/m/agent")))
                .contains("socket,id=qmp,server=off,path=/a,,b/qmp", "socket,id=console,server=off,path=/a,,b/c,,d");
    }

    @Test
    void givesTheUsersBootParametersTheLastWord() {
        assertThat(QemuCommandLine.bootLine(config(MachineConfig.Virtio.PCI, Accelerator.TCG, "panic=0", "kaslr")))
                .endsWith("panic=0", "kaslr")
                .containsSubsequence("panic=-1", "panic=0");
    }
}
