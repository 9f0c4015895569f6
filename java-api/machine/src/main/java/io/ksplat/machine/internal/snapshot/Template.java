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
 * A booted machine, frozen when its agent was ready, as files of one folder: its memory, the state of everything else, and what
 * its console said. Any number of machines are restored from it, by any number of processes at once; each shares the memory that
 * it does not write. Immutable.
 */
public final class Template {
    static final String RAM = "ram";
    private static final String STATE = "state";
    private static final String BOOT_LOG = "boot.log";

    /** What /proc/sys/kernel/tainted says of a kernel that has warned, died, locked up or found bad memory. */
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

    /** The files are not what was frozen. */
    public static final class Damaged extends MachineException {
        private static final long serialVersionUID = 1;

        Damaged(String message) {
            super(message);
        }
    }

    /** A machine that may not be frozen, because its kernel has splatted, or somebody still waits for something in it. */
    public static final class Splatted extends MachineException {
        private static final long serialVersionUID = 1;

        Splatted(String what) {
            super("this machine cannot be frozen, every machine restored from it would be ill: " + what);
        }
    }

    /**
     * Freezes a guest that has just booted with its memory in {@code folder}, and ends it.
     *
     * @throws Splatted where its kernel has reported something
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
     * Freezes a guest that stands still, at a breakpoint say, with its memory in {@code folder}, and ends it: in the middle of
     * whatever it did, and whatever it has reported. Machines of it are had with {@link #prepare} alone: its agent need not answer.
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
     * Freezes a guest in the middle of what it does, and ends it. The template's files are the guest's: they go when it is closed.
     *
     * @param guest with a memory of its own, see {@link #restoreOwn}
     * @throws Splatted where it may not be frozen; then it is as it was
     */
    static Template freezeOwn(Guest guest) throws IOException {
        Path console = guest.vm().console().file();
        Path state = guest.vm().folder().resolve("frozen");
        if (guest.agent().unanswered() > 0) {
            throw new Splatted("a program or a process that was started has not answered yet");
        }
        checkHealth(guest);
        checkText(Files.readAllBytes(console));
        guest.vm().freeze(state);
        guest.vm().end();
        byte[] said = Files.readAllBytes(console);
        List<Evidence> late = ConsoleParser.parse(said);
        if (!late.isEmpty()) {
            throw new MachineException("the machine reported something while it was frozen: "
                    + late.get(0).title());
        }
        return new Template(
                guest.vm().config(),
                guest.vm().folder(),
                TemplateManifest.own(guest.vm().folder().resolve(RAM)),
                Files.readAllBytes(state),
                said,
                guest.hello());
    }

    /** The boot was quiet, so the console has only the worst: the kernel's own log and its taint tell the rest. */
    private static void checkHealth(Guest guest) throws IOException {
        if (guest.hello().hasDebugLocks() && !guest.sayHello().getDebugLocks()) {
            throw new Splatted("lockdep is off, so it has reported something already");
        }
        checkText(kernelLog(guest.agent().readFile("/dev/kmsg")));
        String taint =
                new String(guest.agent().readFile("/proc/sys/kernel/tainted"), StandardCharsets.US_ASCII).strip();
        if ((Long.parseLong(taint) & SPLATTED) != 0) {
            throw new Splatted("its kernel is tainted (" + taint + ", Documentation/admin-guide/tainted-kernels.rst)");
        }
    }

    /** The text of /dev/kmsg's records (the kernel's Documentation/ABI/testing/dev-kmsg). */
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
            throw new Splatted(found.get(0).title());
        }
    }

    /**
     * Opens a frozen machine, having compared every byte with what was frozen.
     *
     * @param config that it was booted with
     * @throws Damaged where the files are not what was written
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

    /** Whether the folder still holds this template, and not another that was made since. */
    boolean isIn(Path folder) throws IOException {
        return Files.isDirectory(folder) && TemplateManifest.read(folder).equals(manifest);
    }

    /** Bytes that a machine restored from it has in common with the others. */
    public long ramBytes() {
        return manifest.ramBytes();
    }

    /**
     * Restores a machine up to the point where only {@link #wake} is missing.
     *
     * @throws Damaged where somebody has written to its memory since it was opened
     */
    public RestoredMachine prepare(HostTools programs) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        return RestoredMachine.restore(config, programs, folder.resolve(RAM), state);
    }

    /**
     * A machine that stands at another moment of the frozen one's life than {@link #prepare}'s.
     *
     * @param later what {@link io.ksplat.machine.internal.qemu.VirtualMachine#freeze} wrote then; what its memory differs in is the caller's to write
     */
    public RestoredMachine prepare(HostTools programs, byte[] later) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        return RestoredMachine.restore(config, programs, folder.resolve(RAM), later);
    }

    /** A machine like {@link #prepare}'s whose memory is a copy of its own, so that it can be frozen again. */
    public RestoredMachine prepareIn(Path copy, HostTools programs) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        manifest.copyRamAnew(folder.resolve(RAM), copy);
        return RestoredMachine.restoreIn(copy, config, programs, state);
    }

    /** The file for the memory of a guest that will be frozen in a folder. */
    public static Path ramIn(Path folder) {
        return folder.resolve(RAM);
    }

    /** The frozen machine's memory: its physical addresses from 0. */
    public Path ram() {
        return folder.resolve(RAM);
    }

    /** A heartbeat page of the frozen machine, in one that was restored from it. */
    public Heartbeats heartbeats(io.ksplat.machine.internal.qemu.VirtualMachine machine) throws IOException {
        return new Heartbeats(machine, hello.getBeatPage(), hello.getCpus());
    }

    /** Where the frozen kernel has its {@code _text}. */
    public long text() {
        return hello.getText();
    }

    /** Lets a machine go on that {@link #prepare} gave, and waits until its agent has answered. */
    public Guest wake(RestoredMachine machine, Path consoleLog) throws IOException {
        return Guest.restored(machine.wake(consoleLog, bootLog), hello);
    }

    /** A machine with a memory of its own, which can be frozen again. */
    Guest restoreOwn(HostTools programs, Path consoleLog) throws IOException {
        manifest.checkRamUntouched(folder.resolve(RAM));
        return wake(
                RestoredMachine.restoreOwn(config, programs, to -> manifest.copyRam(folder.resolve(RAM), to), state),
                consoleLog);
    }

    /** A pristine machine whose agent has answered. */
    public Guest restore(HostTools programs, Path consoleLog) throws IOException {
        return wake(prepare(programs), consoleLog);
    }

    /**
     * Proves that machines can be restored from it.
     *
     * @throws MachineException where a restored one is not the one that was frozen
     */
    void prove(HostTools programs, Path consoleLog) throws IOException {
        try (Guest guest = restore(programs, consoleLog)) {
            Hello now = guest.sayHello();
            if (!now.equals(hello)) {
                throw new MachineException("a machine restored from the template says other things of itself than "
                        + "before it was frozen: release " + now.getRelease() + ", CPUs " + now.getCpus()
                        + ", heartbeat page 0x" + Long.toHexString(now.getBeatPage()));
            }
            guest.awaitBeats();
        }
    }
}
