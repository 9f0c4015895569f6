// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The words of a QEMU command. QEMU connects to sockets on which ksplat listens, so that nobody polls for a socket to appear;
 * the gdbstub is started later, through the monitor, because a connected one stops the machine.
 */
final class QemuCommandLine {
    static final String AGENT_PORT = "io.ksplat.agent";

    private QemuCommandLine() {}

    static List<String> of(String qemu, MachineConfig config, Path qmp, Path console, Path agent) {
        List<String> words = new ArrayList<>();
        words.add(qemu);
        words.addAll(List.of("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-nographic"));
        words.addAll(List.of("-machine", machine(config.virtio())));
        words.addAll(config.accelerator().arguments());
        words.addAll(List.of("-smp", Integer.toString(config.cpus()), "-m", config.memoryMiB() + "M"));
        words.addAll(List.of("-kernel", config.image().toString()));
        words.addAll(List.of("-initrd", config.initramfs().toString()));
        words.addAll(List.of("-append", String.join(" ", bootLine(config))));
        words.addAll(List.of("-chardev", client("qmp", qmp), "-mon", "chardev=qmp,mode=control"));
        words.addAll(List.of("-chardev", client("console", console), "-serial", "chardev:console"));
        words.addAll(List.of("-chardev", client("agent", agent)));
        words.addAll(List.of("-device", serialBus(config.virtio())));
        words.addAll(List.of("-device", "virtserialport,chardev=agent,name=" + AGENT_PORT));
        return List.copyOf(words);
    }

    static List<String> bootLine(MachineConfig config) {
        List<String> words = new ArrayList<>();
        // quiet until the agent raises the level: each byte of the boot's chatter is an exit of the guest.
        words.addAll(List.of("console=ttyS0", "quiet"));
        // A boot that fails must end QEMU at once; the host takes both back when the agent is up.
        words.addAll(List.of("oops=panic", "panic=-1"));
        // Symbols are read once per kernel, and addresses in reports compare between runs.
        words.add("nokaslr");
        words.addAll(config.accelerator().bootParameters(config.hostTscKhz()));
        words.addAll(config.bootParameters());
        return List.copyOf(words);
    }

    private static String machine(MachineConfig.Virtio virtio) {
        return switch (virtio) {
            case PCI -> "microvm,acpi=on,pcie=on,rtc=on";
            case MMIO -> "microvm,acpi=on,rtc=on";
        };
    }

    private static String serialBus(MachineConfig.Virtio virtio) {
        return switch (virtio) {
            case PCI -> "virtio-serial-pci";
            case MMIO -> "virtio-serial-device";
        };
    }

    private static String client(String id, Path socket) {
        // A comma would end the option; QEMU reads two as one.
        return "socket,id=" + id + ",server=off,path=" + socket.toString().replace(",", ",,");
    }
}
