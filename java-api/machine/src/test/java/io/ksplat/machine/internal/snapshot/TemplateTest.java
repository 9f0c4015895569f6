// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.MachineConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real machines of a stock kernel. */
@Tag("machine")
class TemplateTest {
    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static Kernel kernel;
    private static MachineFactory host;
    private static MachineConfig config;
    private static Cache cache;

    @BeforeAll
    static void aKernel() throws Exception {
        kernel = new Kernels(Cache.standard()).resolve(KernelSpec.parse("debian:7.2"), Progress.NONE);
        cache = new Cache(shared.resolve("cache"));
        host = MachineFactory.open(cache, Optional.of(Accelerator.TCG));
        config = host.config(kernel, Accelerator.TCG, 2, 256, List.of());
    }

    private static Template template() throws Exception {
        return new TemplateStore(host, cache).template(kernel, config, shared.resolve("boot.log"), Progress.NONE);
    }

    @Test
    void theSecondMachineIsRestoredFromTheFirstOnesTemplate() throws Exception {
        Cache fresh = new Cache(folder.resolve("cache"));
        try (Guest first = start(fresh, "first")) {
            assertThat(first.agent().readFile("/proc/uptime")).isNotEmpty();
        }
        TemplateStore.Started second =
                new TemplateStore(host, fresh).start(kernel, config, log("second"), Progress.NONE);
        try (Guest guest = second.guest()) {
            assertThat(second.origin()).isEqualTo("template");
            assertThat(second.bootMs()).isEmpty();
            assertThat(guest.sayHello()).isEqualTo(guest.hello());
        }
    }

    @Test
    void machinesOfOneTemplateSeeNothingOfEachOther() throws Exception {
        Template template = template();
        try (Guest one = template.restore(host.programs(), log("one"));
                Guest two = template.restore(host.programs(), log("two"))) {
            one.agent().writeFile("/tmp/mine", "one");
            assertThatThrownBy(() -> two.agent().readFile("/tmp/mine")).isInstanceOf(AgentException.class);
        }
        try (Guest three = template.restore(host.programs(), log("three"))) {
            assertThatThrownBy(() -> three.agent().readFile("/tmp/mine")).isInstanceOf(AgentException.class);
        }
    }

    @Test
    @Tag("full")
    void fiftyInARowAreSoundAndTheClockGoesOn() throws Exception {
        Template template = template();
        double frozenAt;
        try (Guest first = template.restore(host.programs(), log("first"))) {
            frozenAt = uptime(first);
        }
        for (int i = 0; i < 50; i++) {
            try (Guest guest = template.restore(host.programs(), log("next"))) {
                assertThat(uptime(guest)).isBetween(frozenAt - 1, frozenAt + 5);
            }
        }
    }

    @Test
    @Tag("full")
    void fourSideBySideLiveWithoutAReport() throws Exception {
        Template template = template();
        List<Guest> guests = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                guests.add(template.restore(host.programs(), log("side" + i)));
            }
            for (Guest guest : guests) {
                guest.awaitBeats();
                guest.awaitBeats();
                assertThat(new String(
                                guest.agent().readFile("/proc/sys/kernel/tainted"),
                                java.nio.charset.StandardCharsets.US_ASCII))
                        .startsWith("0");
            }
        } finally {
            for (Guest guest : guests) {
                guest.close();
            }
        }
    }

    @Test
    void siblingsDrawDifferentNumbers() throws Exception {
        Template template = template();
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            try (Guest guest = template.restore(host.programs(), log("sibling"))) {
                ids.add(new String(
                        guest.agent().readFile("/proc/sys/kernel/random/uuid"),
                        java.nio.charset.StandardCharsets.US_ASCII));
            }
        }
        assertThat(ids).hasSize(3);
    }

    @Test
    void aDebuggerConnectsToARestoredMachineAndNmisReachIt() throws Exception {
        try (Guest guest = template().restore(host.programs(), log("gdb"))) {
            try (GdbStub gdb = guest.vm().gdb()) {
                assertThat(gdb.registers(1).rip()).isNotZero();
                gdb.detach();
            }
            guest.vm().injectNmi();
            guest.awaitBeats();
            assertThat(new String(
                            guest.agent().readFile("/proc/interrupts"), java.nio.charset.StandardCharsets.US_ASCII))
                    .containsPattern("NMI: +[1-9]");
        }
    }

    @Test
    void aMachineThatHasSplattedIsNotFrozen() throws Exception {
        Path place = Files.createDirectories(folder.resolve("place"));
        Guest guest = host.bootIn(place.resolve("ram"), config, log("boot"), Progress.NONE)
                .guest();
        guest.agent().writeFile("/proc/sys/kernel/panic_on_oops", "0");
        guest.agent().writeFile("/dev/kmsg", "<0>BUG: kernel NULL pointer dereference, address: 0000000000000000\n");

        assertThatThrownBy(() -> Template.freeze(guest, place))
                .isInstanceOf(Template.Splatted.class)
                .hasMessageContaining("NULL pointer");
        assertThat(place.resolve("template.json")).doesNotExist();
    }

    @Test
    @Tag("full")
    void aMachineThatIsKilledWhileItIsFrozenLeavesNoTemplate() throws Exception {
        Path place = Files.createDirectories(folder.resolve("place"));
        Guest guest = host.bootIn(place.resolve("ram"), config, log("boot"), Progress.NONE)
                .guest();
        long qemu = guest.vm().cpuThreads().get(0);
        String group = Files.readAllLines(Path.of("/proc", Long.toString(qemu), "status")).stream()
                .filter(line -> line.startsWith("Tgid:"))
                .map(line -> line.substring("Tgid:".length()).strip())
                .findFirst()
                .orElseThrow();
        assertThat(ProcessHandle.of(Long.parseLong(group)).orElseThrow().destroyForcibly())
                .isTrue();

        assertThatThrownBy(() -> Template.freeze(guest, place)).isInstanceOf(IOException.class);
        assertThat(place.resolve("template.json")).doesNotExist();
    }

    @Test
    @Tag("full")
    void aMachineWithADebuggerIsNotFrozen() throws Exception {
        Path place = Files.createDirectories(folder.resolve("place"));
        try (Guest guest = host.bootIn(place.resolve("ram"), config, log("boot"), Progress.NONE)
                        .guest();
                GdbStub gdb = guest.vm().gdb()) {
            assertThatThrownBy(() -> guest.vm().freeze(place.resolve("state")))
                    .hasMessageContaining("a debugger is connected");
            gdb.detach();
        }
    }

    @Test
    void aDamagedTemplateIsMadeAgain() throws Exception {
        Cache own = new Cache(folder.resolve("cache"));
        Path ram = new TemplateStore(host, own)
                .template(kernel, config, log("template"), Progress.NONE)
                .folder()
                .resolve("ram");
        try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
            file.setLength(100 << 20);
        }
        List<String> said = new ArrayList<>();

        TemplateStore.Started started =
                new TemplateStore(host, own).start(kernel, config, log("again"), (line, fraction) -> said.add(line));

        try (Guest guest = started.guest()) {
            assertThat(guest.sayHello()).isEqualTo(guest.hello());
        }
        assertThat(started.origin()).isEqualTo("template");
        assertThat(started.bootMs()).isPresent();
        assertThat(said).anyMatch(line -> line.contains("104857600 bytes instead of 268435456"));
    }

    @Test
    @Tag("full")
    void aQemuThatCannotRestoreMeansAColdBoot() throws Exception {
        Path broken = folder.resolve("broken-qemu");
        Files.writeString(broken, """
                #!/bin/sh
                case " $* " in *" -incoming "*) kill -9 $$ ;; esac
                exec qemu-system-x86_64 "$@"
                """);
        assertThat(broken.toFile().setExecutable(true)).isTrue();
        List<String> said = new ArrayList<>();

        TemplateStore.Started started = new TemplateStore(
                        host.withQemu(broken.toString()), new Cache(folder.resolve("cache")))
                .start(kernel, config, log("cold"), (line, fraction) -> said.add(line));

        try (Guest guest = started.guest()) {
            assertThat(started.origin()).isEqualTo("boot");
            assertThat(started.why().orElseThrow()).contains("QEMU ended before it was up");
            guest.awaitBeats();
        }
        try (Stream<Path> left = Files.list(folder.resolve("cache").resolve("template"))) {
            assertThat(left.filter(path -> !path.getFileName().toString().matches("[.](lock|using).*")))
                    .isEmpty();
        }
        assertThat(said).anyMatch(line -> line.startsWith("cannot make a template, booting instead"));
    }

    @Test
    void anotherOnesFileIsNotTakenForAMachinesMemory() throws Exception {
        Path ram = Files.writeString(folder.resolve("ram"), "a finding");

        assertThatThrownBy(
                        () -> new TemplateStore(host, cache).startIn(ram, kernel, config, log("taken"), Progress.NONE))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining(ram + " is there already");

        assertThat(ram).hasContent("a finding");
    }

    @Test
    @Tag("full")
    void aDiskThatFillsUpMeansAColdBoot() throws Exception {
        Path mounted = Files.createDirectories(folder.resolve("small"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=600m", "none", mounted.toString()))
                .as("mounting a small file system, which takes root")
                .isZero();
        try {
            List<String> said = new ArrayList<>();
            Progress filling = (line, fraction) -> {
                said.add(line);
                if (line.startsWith("making a template")) {
                    fill(mounted.resolve("filler"));
                }
            };

            TemplateStore.Started started =
                    new TemplateStore(host, new Cache(mounted)).start(kernel, config, log("full"), filling);

            try (Guest guest = started.guest()) {
                guest.awaitBeats();
            }
            assertThat(started.origin()).isEqualTo("boot");
            assertThat(said)
                    .anyMatch(line ->
                            line.startsWith("cannot make a template, booting instead: a template may need 512 MiB"));
            try (Stream<Path> left = Files.list(mounted.resolve("template"))) {
                assertThat(left.filter(path -> !path.getFileName().toString().matches("[.](lock|using).*")))
                        .isEmpty();
            }
        } finally {
            Files.deleteIfExists(mounted.resolve("filler"));
            // The marks of what this process uses stay open until it ends.
            assertThat(run("umount", "--lazy", mounted.toString())).isZero();
        }
    }

    private static void fill(Path file) {
        byte[] zeros = new byte[1 << 20];
        try (OutputStream out = Files.newOutputStream(file)) {
            while (file.toFile().getUsableSpace() > 0) {
                out.write(zeros);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    private static int run(String... command) throws Exception {
        return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
    }

    @Test
    @Tag("full")
    void whatAKilledProcessLeftOfATemplateIsRemovedWithTheNext() throws Exception {
        Cache own = new Cache(folder.resolve("cache"));
        Path left = Files.createDirectories(own.root().resolve("template/.new-of-a-killed-one"));
        Files.writeString(left.resolve("ram"), "half of it");

        new TemplateStore(host, own).template(kernel, config, log("template"), Progress.NONE);

        assertThat(left).doesNotExist();
    }

    private Guest start(Cache where, String name) throws IOException, InterruptedException {
        return new TemplateStore(host, where)
                .start(kernel, config, log(name), Progress.NONE)
                .guest();
    }

    private static double uptime(Guest guest) throws IOException {
        String text = new String(guest.agent().readFile("/proc/uptime"), java.nio.charset.StandardCharsets.US_ASCII);
        return Double.parseDouble(text.split(" ", 2)[0]);
    }

    private Path log(String name) {
        return folder.resolve(name + ".log");
    }
}
