// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.internal.arch.Arch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes QEMU's command line. QEMU connects to sockets on which ksplat listens, so ksplat need not poll for a socket to appear.
 * The gdbstub is started later, through the monitor, because a connection to it stops the machine.
 */
public final class QemuCommandLine {
    static final String AGENT_PORT = "io.ksplat.agent";

    private QemuCommandLine() {}

    /** The id of the memory backend if the memory is a file. */
    static final String RAM = "ram";

    /** Returns the command of a machine that boots. */
    static List<String> of(String qemu, MachineConfig config, Path qmp, Path console, Path agent) {
        return boot(qemu, config, new Calls(qmp, console, agent), Optional.empty());
    }

    /** The sockets to which QEMU connects, or on which it listens: the options after the id in a {@code -chardev socket}. */
    record Calls(String qmp, String console, String agent) {
        Calls(Path qmp, Path console, Path agent) {
            this(client(qmp), client(console), client(agent));
        }
    }

    /** Returns all but the boot line of a machine that boots at a {@link QemuLauncher}, on sockets that listen already. */
    static List<String> elsewhere(MachineConfig config, Path image, Path initramfs) {
        Calls sockets =
                new Calls(server(Channel.QMP, true), server(Channel.CONSOLE, true), server(Channel.AGENT, true));
        List<String> words = machine(Arch.guest().qemu(), config, sockets, Optional.empty());
        words.addAll(List.of("-chardev", socket("gdb", server(Channel.GDB, false))));
        words.addAll(List.of("-kernel", image.toString(), "-initrd", initramfs.toString()));
        return List.copyOf(words);
    }

    /** Returns the boot line there, with {@link LaunchSpec#TSC_KHZ} in place of the frequency of the time stamp counter. */
    static String elsewhereBootLine(MachineConfig config) {
        return String.join(" ", bootLine(config, LaunchSpec.TSC_KHZ));
    }

    /** Returns the command of a machine that boots, with its memory in a file if one is given. */
    static List<String> boot(String qemu, MachineConfig config, Calls sockets, Optional<RamFile> ram) {
        List<String> words = machine(qemu, config, sockets, ram);
        words.addAll(List.of("-kernel", config.image().toString()));
        words.addAll(List.of("-initrd", config.initramfs().toString()));
        words.addAll(List.of("-append", String.join(" ", bootLine(config))));
        return List.copyOf(words);
    }

    /**
     * Returns the command of a machine that waits for its saved state and then stays stopped. It loads no kernel: the kernel is in
     * its memory.
     */
    public static List<String> restore(String qemu, MachineConfig config, Calls sockets, RamFile ram) {
        List<String> words = machine(qemu, config, sockets, Optional.of(ram));
        words.addAll(List.of("-incoming", "defer"));
        return List.copyOf(words);
    }

    /** Returns what distinguishes machines, without the paths of this run. */
    static List<String> identity(MachineConfig config) {
        List<String> words = new ArrayList<>(List.of(machine(config.virtio()), serialBus(config.virtio())));
        words.addAll(Arch.guest().cpuArguments(config.accelerator()));
        words.addAll(config.accelerator().hostIdentity());
        words.addAll(List.of(config.cpus() + " CPUs", config.memoryMiB() + " MiB"));
        if (config.nodes() > 1) {
            words.add(config.nodes() + " nodes");
        }
        words.addAll(bootLine(config));
        config.disks().forEach(disk -> words.add("disk " + disk.serial() + " " + disk.digest()));
        return List.copyOf(words);
    }

    /** Returns everything that must be equal in a machine whose state is saved and one that restores it. */
    private static List<String> machine(String qemu, MachineConfig config, Calls sockets, Optional<RamFile> ram) {
        List<String> words = new ArrayList<>();
        words.add(qemu);
        words.addAll(List.of("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-nographic"));
        words.addAll(List.of("-machine", machine(config.virtio()) + (ram.isPresent() ? ",memory-backend=" + RAM : "")));
        words.addAll(Arch.guest().cpuArguments(config.accelerator()));
        words.addAll(List.of("-smp", Integer.toString(config.cpus()), "-m", config.memoryMiB() + "M"));
        ram.ifPresent(file -> words.addAll(List.of("-object", file.object(config.memoryMiB()))));
        words.addAll(List.of("-chardev", socket("qmp", sockets.qmp()), "-mon", "chardev=qmp,mode=control"));
        words.addAll(List.of("-chardev", socket("console", sockets.console()), "-serial", "chardev:console"));
        words.addAll(List.of("-chardev", socket("agent", sockets.agent())));
        words.addAll(List.of("-device", serialBus(config.virtio())));
        words.addAll(List.of("-device", "virtserialport,chardev=agent,name=" + AGENT_PORT));
        config.disks().forEach(disk -> words.addAll(disk.words(config.virtio())));
        return words;
    }

    static List<String> bootLine(MachineConfig config) {
        return bootLine(config, Long.toString(config.hostTscKhz()));
    }

    private static List<String> bootLine(MachineConfig config, String tscKhz) {
        List<String> words = new ArrayList<>();
        // quiet until the agent raises the level: each byte of output is an exit of the guest.
        words.addAll(List.of("console=" + Arch.guest().serialConsole(), "quiet"));
        // Tells the kernel's own records from those that user space writes to /dev/kmsg.
        words.add("console_msg_format=syslog");
        // A failed boot must end QEMU at once; the host resets both when the agent is up.
        words.addAll(List.of("oops=panic", "panic=-1"));
        // Symbols are read once per kernel, and addresses in reports can be compared between runs.
        words.add("nokaslr");
        words.addAll(Arch.guest().bootParameters(config.accelerator(), tscKhz));
        words.addAll(config.bootParameters());
        return List.copyOf(words);
    }

    private static String machine(MachineConfig.Virtio virtio) {
        return Arch.guest().machineType(virtio == MachineConfig.Virtio.PCI);
    }

    private static String serialBus(MachineConfig.Virtio virtio) {
        return switch (virtio) {
            case PCI -> "virtio-serial-pci";
            case MMIO -> "virtio-serial-device";
        };
    }

    private static String socket(String id, String how) {
        return "socket,id=" + id + "," + how;
    }

    private static String client(Path socket) {
        return "server=off,path=" + escaped(socket);
    }

    /** QEMU listens; with {@code wait} it starts the machine only after a client has connected. */
    private static String server(Channel channel, boolean wait) {
        return "fd=" + channel.descriptor() + ",server=on,nodelay=on,wait=" + (wait ? "on" : "off");
    }

    /** Doubles commas: one would end the option, and QEMU reads two as one. */
    static String escaped(Path path) {
        return path.toString().replace(",", ",,");
    }
}
