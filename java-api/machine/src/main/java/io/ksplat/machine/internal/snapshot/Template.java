// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import com.google.protobuf.InvalidProtocolBufferException;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.agent.proto.Hello;
import io.ksplat.machine.internal.qemu.HostTools;
import io.ksplat.machine.internal.qemu.MachineConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A booted machine, frozen when its agent was ready, as files of one folder: its memory, the state of everything else, and its
 * console's output. Any number of machines can be restored from it, by any number of processes at once; each shares the memory that
 * it does not write. Immutable.
 */
public final class Template {
    static final String RAM = "ram";
    private static final String STATE = "state";
    private static final String BOOT_LOG = "boot.log";

    /** Bits of /proc/sys/kernel/tainted: the kernel has warned, died, locked up or found bad memory. */
    private static final long SPLATTED = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14;

    private final MachineConfig config;
    private final Path folder;
    private final TemplateManifest manifest;
    private final byte[] state;
    private final byte[] bootLog;
    private final Hello hello;

    private Template(
            MachineConfig config, Path folder, TemplateManifest manifest, byte[] state, byte[] bootLog, Hello hello) {
        this.config = config;
        this.folder = folder;
        this.manifest = manifest;
        this.state = state;
        this.bootLog = bootLog;
        this.hello = hello;
    }

    /** The files have changed since the machine was frozen. */
    public static final class Damaged extends MachineException {
        private static final long serialVersionUID = 1;

        Damaged(String message) {
            super(message);
        }
    }

    /** A machine that may not be frozen, because its kernel has reported something, or a request to it is not finished. */
    public static final class Splatted extends MachineException {
        private static final long serialVersionUID = 1;

        private Splatted(String message) {
            super(message);
        }

        static Splatted damaged(String what) {
            return new Splatted("refusing to snapshot a machine with a damaged kernel: " + what);
        }

        static Splatted busy(String what) {
            return new Splatted("refusing to snapshot a busy machine: " + what);
        }
    }

    /**
     * Freezes a guest that has just booted with its memory in {@code folder}, and ends it.
     *
     * @throws Splatted if its kernel has reported something
     */
    static void freeze(Guest guest, Path folder) throws IOException {
        Path console = guest.vm().console().file();
        try (guest) {
            guest.settle();
            checkHealth(guest);
            guest.vm().freeze(folder.resolve(STATE));
        }
        checkText(Files.readAllBytes(console));
        describe(guest, console, folder);
    }

    /**
     * Freezes a guest that is stopped, for example at a breakpoint, with its memory in {@code folder}, and ends it, whatever it was
     * doing and whatever it has reported. Restore it only with {@link #prepare}: its agent may not answer.
     */
    public static void freezeStanding(Guest guest, Path folder) throws IOException {
        Path console = guest.vm().console().file();
        try (guest) {
            guest.vm().freeze(folder.resolve(STATE));
        }
        describe(guest, console, folder);
    }

    private static void describe(Guest guest, Path console, Path folder) throws IOException {
        Files.copy(console, folder.resolve(BOOT_LOG));
        TemplateManifest.describe(
                        folder.resolve(RAM),
                        Files.readAllBytes(folder.resolve(STATE)),
                        Files.readAllBytes(folder.resolve(BOOT_LOG)),
                        guest.hello().toByteArray())
                .write(folder);
    }

    /**
     * Freezes a guest in the middle of an experiment, and ends it. The template's files are the guest's: closing the guest removes
     * them.
     *
     * @param guest with its own memory, see {@link #restoreOwn}
     * @throws Splatted if it may not be frozen; it is unchanged then
     */
    static Template freezeOwn(Guest guest) throws IOException {
        Path console = guest.vm().console().file();
        Path state = guest.vm().folder().resolve("frozen");
        if (guest.agent().unanswered() > 0) {
            throw Splatted.busy("a program or process that was started has not returned");
        }
        checkHealth(guest);
        checkText(Files.readAllBytes(console));
        guest.vm().freeze(state);
        guest.vm().end();
        byte[] output = Files.readAllBytes(console);
        List<Evidence> late = ConsoleParser.parse(output);
        if (!late.isEmpty()) {
            throw new MachineException("the machine reported something while it was being frozen: "
                    + late.get(0).title());
        }
        return new Template(
                guest.vm().config(),
                guest.vm().folder(),
                TemplateManifest.own(guest.vm().folder().resolve(RAM)),
                Files.readAllBytes(state),
                output,
                guest.hello());
    }

    /** Checks the kernel's log and its taint: the boot was quiet, so the console has only the worst messages. */
    private static void checkHealth(Guest guest) throws IOException {
        if (guest.hello().hasDebugLocks() && !guest.sayHello().getDebugLocks()) {
            throw Splatted.damaged("lockdep is off, so it has reported something already");
        }
        checkText(kernelLog(guest.agent().readFile("/dev/kmsg")));
        String taint =
                new String(guest.agent().readFile("/proc/sys/kernel/tainted"), StandardCharsets.US_ASCII).strip();
        if ((Long.parseLong(taint) & SPLATTED) != 0) {
            throw Splatted.damaged("it is tainted (" + taint + ", Documentation/admin-guide/tainted-kernels.rst)");
        }
    }

    /** Returns the text of the records of /dev/kmsg (the kernel's Documentation/ABI/testing/dev-kmsg). */
    private static byte[] kernelLog(byte[] records) {
        return new String(records, StandardCharsets.ISO_8859_1)
                .lines()
                .filter(line -> !line.startsWith(" "))
                .map(line -> line.substring(line.indexOf(';') + 1))
                .collect(Collectors.joining("\n", "", "\n"))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void checkText(byte[] text) throws Splatted {
        List<Evidence> found = ConsoleParser.parse(text);
        if (!found.isEmpty()) {
            throw Splatted.damaged(found.get(0).title());
        }
    }

    /**
     * Opens a frozen machine after comparing its files with their checksums.
     *
     * @param config with which it was booted
     * @throws Damaged if the files have changed
     */
    public static Template open(MachineConfig config, Path folder) throws IOException {
        TemplateManifest manifest = TemplateManifest.read(folder);
        byte[] state = TemplateManifest.checked(folder.resolve(STATE), manifest.stateSum());
        byte[] bootLog = TemplateManifest.checked(folder.resolve(BOOT_LOG), manifest.bootLogSum());
        manifest.checkRam(folder.resolve(RAM));
        try {
            return new Template(config, folder, manifest, state, bootLog, Hello.parseFrom(manifest.hello()));
        } catch (InvalidProtocolBufferException e) {
            throw new Damaged("the template in " + folder + " is damaged: " + e.getMessage());
        }
    }

    Path folder() {
        return folder;
    }

    /** Returns whether the folder still holds this template, not one that was made later. */
    boolean isIn(Path folder) throws IOException {
        return Files.isDirectory(folder) && TemplateManifest.read(folder).equals(manifest);
    }

    /** Returns the size of the memory that machines restored from it share. */
    public long ramBytes() {
        return manifest.ramBytes();
    }

    /**
     * Restores a machine, stopped; {@link #wake} resumes it.
     *
     * @throws Damaged if its memory's file was written to since it was opened
     */
    public RestoredMachine prepare(HostTools tools) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        return RestoredMachine.restore(config, tools, folder.resolve(RAM), state);
    }

    /**
     * Restores a machine at a later moment of its life than {@link #prepare(HostTools)}.
     *
     * @param later the state that {@link io.ksplat.machine.internal.qemu.VirtualMachine#freeze} wrote then; the caller writes what
     *     differs in memory
     */
    public RestoredMachine prepare(HostTools tools, byte[] later) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        return RestoredMachine.restore(config, tools, folder.resolve(RAM), later);
    }

    /** Does the same as {@link #prepare(HostTools)} on a copy of the memory, so that the machine can be frozen again. */
    public RestoredMachine prepareIn(Path copy, HostTools tools) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        manifest.copyRamAnew(folder.resolve(RAM), copy);
        return RestoredMachine.restoreIn(copy, config, tools, state);
    }

    /** Returns the file for the memory of a guest that will be frozen in a folder. */
    public static Path ramIn(Path folder) {
        return folder.resolve(RAM);
    }

    /** Returns the file of the frozen machine's memory, by physical address. */
    public Path ram() {
        return folder.resolve(RAM);
    }

    /** Returns the heartbeats of a machine that was restored from this one. */
    public Heartbeats heartbeats(io.ksplat.machine.internal.qemu.VirtualMachine machine) throws IOException {
        return new Heartbeats(machine, hello.getBeatPage(), hello.getCpus());
    }

    /** Returns the address of the frozen kernel's {@code _text}. */
    public long text() {
        return hello.getText();
    }

    /** Resumes a machine from {@link #prepare(HostTools)}, and waits until its agent has answered. */
    public Guest wake(RestoredMachine machine, Path consoleLog) throws IOException {
        return Guest.restored(machine.wake(consoleLog, bootLog), hello);
    }

    /** Restores a machine with its own memory, which can be frozen again. */
    Guest restoreOwn(HostTools tools, Path consoleLog) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        return wake(
                RestoredMachine.restoreOwn(config, tools, to -> manifest.copyRam(folder.resolve(RAM), to), state),
                consoleLog);
    }

    /** Restores a pristine machine and waits until its agent has answered. */
    public Guest restore(HostTools tools, Path consoleLog) throws IOException {
        return wake(prepare(tools), consoleLog);
    }

    /**
     * Checks that a machine can be restored from it.
     *
     * @throws MachineException if the restored machine differs from the frozen one
     */
    void prove(HostTools tools, Path consoleLog) throws IOException {
        try (Guest guest = restore(tools, consoleLog)) {
            Hello now = guest.sayHello();
            if (!now.equals(hello)) {
                throw new MachineException("a machine restored from the template differs from the one that was "
                        + "frozen: release " + now.getRelease() + ", CPUs " + now.getCpus()
                        + ", heartbeat page 0x" + Long.toHexString(now.getBeatPage()));
            }
            guest.awaitBeats();
        }
    }
}
