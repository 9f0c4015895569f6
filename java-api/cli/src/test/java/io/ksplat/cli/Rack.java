// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A machine as in a rack: a whole Debian that is reached by ssh over a cable, has serial consoles, and BMCs that send it NMIs and reset it.
 * It is QEMU, started without ksplat, which knows no more of it than machines.toml says. The cable, the BMCs and all that reaches them are
 * in a network namespace of their own. It ends with this JVM.
 */
final class Rack implements AutoCloseable {
    private static final Duration PREPARE = Duration.ofMinutes(15);
    private static final Duration BOOT = Duration.ofMinutes(8);
    private static final Duration COMMAND = Duration.ofMinutes(4);
    private static final String ADDRESS = "10.0.2.15";

    /** Of the namespace, which has no other users. */
    private static final int CONSOLE = 4000;

    private static final int MONITOR = 4001;
    private static final int BMC = 623;
    private static final int DIAG_BMC = 624;

    /**
     * What the catalogue's reproducers need, and detectors that speak soon. QEMU's TCG now and then runs half of an instruction that the
     * kernel patches: a boot that dies of it tries again. On a busy host its timer would seem not to work.
     */
    private static final String BOOT_LINE =
            "root=/dev/vda rw console=ttyS0,115200 rcu_nocbs=all rcutree.enable_rcu_lazy=0 transparent_hugepage=never"
                    + " watchdog_thresh=10 rcupdate.rcu_cpu_stall_timeout=10 tsc=reliable no_timer_check panic=10"
                    // Memory that outlives a boot, for what a kernel says at its end.
                    + " memmap=1M$0x30000000 modules_load=ramoops ramoops.mem_address=0x30000000 ramoops.mem_size=0x100000"
                    + " ramoops.record_size=0x20000"
                    + " crashkernel=256M";

    private final Path folder;
    private final Path disk;
    private final Process guard;
    /** The words that have a command run in the namespace. */
    private final List<String> inside;

    private Rack(Path folder, Path disk, String series) throws Exception {
        this.folder = folder;
        this.disk = disk;
        for (String program : List.of("bmc", "network", "ipmi-bmc", "diag-bmc", "boot-kernel", "serial-device")) {
            try (InputStream source = Rack.class.getResourceAsStream("rack/" + program)) {
                Files.copy(Objects.requireNonNull(source), folder.resolve(program));
            }
        }
        Files.writeString(folder.resolve("known-hosts"), ADDRESS + " " + Files.readString(disk.resolve("host.pub")));
        this.guard = start(series);
        long pid = Long.parseLong(guard.inputReader().readLine());
        this.inside = List.of("nsenter", "--net=/proc/" + pid + "/ns/net");
        awaitNetwork(Path.of("/proc/" + pid));
    }

    /**
     * Boots one, with four CPUs.
     *
     * @param series of its kernel: 6.12 or 7.2
     */
    static Rack boot(Path folder, String series) throws Exception {
        Path disk = Skips.unlessPrepared(folder, PREPARE, "prepare-rack", "no machine for a rack");
        Rack rack = new Rack(folder, disk, series);
        try {
            rack.awaitBoot();
            return rack;
        } catch (Throwable t) {
            rack.close();
            throw t;
        }
    }

    /** QEMU runs once its network is there. */
    private void awaitNetwork(Path process) throws Exception {
        long end = System.nanoTime() + COMMAND.toNanos();
        while (!Files.readString(process.resolve("comm")).startsWith("qemu")) {
            assertThat(guard.isAlive()).as(qemuLog()).isTrue();
            assertThat(System.nanoTime()).as("QEMU is started: " + qemuLog()).isLessThan(end);
            Thread.sleep(20);
        }
    }

    private String qemuLog() throws IOException {
        return Files.readString(folder.resolve("qemu.log"));
    }

    private static List<String> guarded(List<String> command) {
        List<String> words = new ArrayList<>(List.of(
                Path.of("../../native/build/ksplat-guard").toAbsolutePath().toString(), "--host-network", "--"));
        words.addAll(command);
        return words;
    }

    private Process start(String series) throws IOException {
        Path kernel = disk.resolve(series);
        List<String> words = new ArrayList<>(
                List.of("unshare", "--net", "bash", folder.resolve("network").toString()));
        words.addAll(List.of("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi"));
        // Byte by byte TCG takes 30 ms to clear a page that code of a kernel before kexec was in: minutes for a boot.
        words.addAll(List.of("-cpu", "max,-erms,-fsrm"));
        words.addAll(List.of("-smp", "4", "-m", "1536", "-nodefaults", "-no-user-config", "-display", "none"));
        words.addAll(List.of("-kernel", kernel.resolve("vmlinuz").toString()));
        words.addAll(List.of("-initrd", kernel.resolve("initrd").toString(), "-append", BOOT_LINE));
        words.addAll(List.of("-drive", "file=" + disk.resolve("disk") + ",format=raw,if=virtio,snapshot=on"));
        words.addAll(List.of("-netdev", "tap,id=net,ifname=cable,script=no,downscript=no"));
        words.addAll(List.of("-device", "virtio-net-pci,id=card,netdev=net"));
        words.addAll(List.of("-chardev", server("console", CONSOLE) + ",logfile=" + folder.resolve("serial.log")));
        words.addAll(List.of("-serial", "chardev:console"));
        words.addAll(List.of("-chardev", server("monitor", MONITOR), "-mon", "chardev=monitor,mode=control"));
        return new ProcessBuilder(guarded(words))
                .redirectError(folder.resolve("qemu.log").toFile())
                .start();
    }

    private static String server(String id, int port) {
        return "socket,id=" + id + ",host=127.0.0.1,port=" + port + ",server=on,wait=off";
    }

    private void awaitBoot() throws Exception {
        long end = System.nanoTime() + BOOT.toNanos();
        while (ssh("true").status() != 0) {
            assertThat(guard.isAlive()).as("QEMU runs: " + qemuLog()).isTrue();
            assertThat(System.nanoTime()).as("its sshd is up, see " + folder).isLessThan(end);
            Thread.sleep(1000);
        }
    }

    /** Switches it off and on: it boots its own kernel. */
    void reset() throws Exception {
        String before = bootId().output();
        HeldProcess done = run("sh", "-c", bmc("system_reset"));
        assertThat(done.status()).as(done.output()).isZero();
        awaitBootAfter(before, BOOT);
    }

    HeldProcess bootId() throws Exception {
        return ssh("cat /proc/sys/kernel/random/boot_id");
    }

    /** Waits for another boot than {@code before}. */
    void awaitBootAfter(String before, Duration limit) throws Exception {
        long end = System.nanoTime() + limit.toNanos();
        HeldProcess now = bootId();
        while (now.status() != 0 || now.output().equals(before)) {
            assertThat(System.nanoTime()).as("it has booted: " + now.output()).isLessThan(end);
            Thread.sleep(1000);
            now = bootId();
        }
    }

    private List<String> sshOptions() {
        return List.of(
                "-F",
                "/dev/null",
                "-i",
                disk.resolve("key").toString(),
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "ConnectTimeout=60",
                // A machine that dies says nothing any more, nor that it does not.
                "-o",
                "ServerAliveInterval=20",
                "-o",
                "UserKnownHostsFile=" + folder.resolve("known-hosts"));
    }

    /** Runs a command there. */
    HeldProcess ssh(String command) throws Exception {
        return ssh(command, COMMAND);
    }

    HeldProcess ssh(String command, Duration limit) throws Exception {
        List<String> words = new ArrayList<>(List.of("ssh", "-o", "BatchMode=yes"));
        words.addAll(sshOptions());
        words.addAll(List.of("root@" + ADDRESS, command));
        return run(limit, words.toArray(String[]::new));
    }

    /** Copies files into root's home there. */
    void copy(Path... files) throws Exception {
        List<String> words = new ArrayList<>(List.of("scp", "-q", "-o", "BatchMode=yes"));
        words.addAll(sshOptions());
        Stream.of(files).map(Path::toString).forEach(words::add);
        words.add("root@" + ADDRESS + ":");
        HeldProcess copied = run(words.toArray(String[]::new));
        assertThat(copied.status()).as(copied.output()).isZero();
    }

    /** Runs a command of this host that reaches it. */
    private HeldProcess run(String... command) throws Exception {
        return run(COMMAND, command);
    }

    private HeldProcess run(Duration limit, String... command) throws Exception {
        List<String> words = new ArrayList<>(inside);
        words.addAll(List.of(command));
        return HeldProcess.run(folder, limit, words.toArray(String[]::new));
    }

    /** Starts ksplat where it reaches it. */
    Ksplat ksplat(Path home, Map<String, String> environment, String... arguments) throws IOException {
        return Ksplat.startUnder(home, inside, environment, arguments);
    }

    /** The words of a shell that have its BMC do something. */
    String bmc(String command) {
        return "bash " + folder.resolve("bmc") + " " + MONITOR + " " + command;
    }

    /** The words of a shell that have it boot the kernel that their environment names. */
    String bootCommand() {
        return "sh " + folder.resolve("boot-kernel") + " ssh -o BatchMode=yes " + String.join(" ", sshOptions())
                + " root@" + ADDRESS;
    }

    /** Pulls the network's cable, or plugs it in. */
    void cable(boolean in) throws Exception {
        HeldProcess done = run("sh", "-c", bmc("set_link '{\"name\":\"card\",\"up\":" + in + "}'"));
        assertThat(done.status()).as(done.output()).isZero();
    }

    /** Writes its entry of machines.toml, and returns the file. {@code more} takes the place of keys it has, too. */
    Path machines(String... more) throws IOException {
        StringBuilder options = new StringBuilder();
        sshOptions()
                .forEach(option -> options.append(options.isEmpty() ? "\"" : ", \"")
                        .append(option)
                        .append('"'));
        List<String> lines = new ArrayList<>(List.of(
                "ssh = \"root@" + ADDRESS + "\"",
                "ssh-options = [" + options + "]",
                "sacrificial = true",
                "console = \"exec bash -c 'exec cat </dev/tcp/127.0.0.1/" + CONSOLE + "'\"",
                "nmi = \"" + bmc("inject-nmi") + "\"",
                "reset = \"" + bmc("system_reset") + "\"",
                "boot-seconds = 1500",
                "slowness = 4"));
        for (String line : more) {
            String key = line.substring(0, line.indexOf(' ') + 1);
            lines.removeIf(other -> other.startsWith(key));
            lines.add(line);
        }
        Path file = folder.resolve("machines.toml");
        return Files.writeString(file, "[rack]\n" + String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
    }

    /**
     * BMCs that speak IPMI.
     *
     * @param entry lines of machines.toml, by which ipmitool does all that they can
     */
    record Bmcs(List<Process> guards, List<String> entry) implements AutoCloseable {
        @Override
        public void close() throws Exception {
            for (Process each : guards) {
                end(each);
            }
        }
    }

    /**
     * Starts BMCs that speak IPMI: one that has its serial line over LAN and resets it, and one that sends NMIs. While the first one runs,
     * it has the serial line to itself.
     */
    Bmcs ipmi() throws Exception {
        Path last = Skips.unlessPrepared(folder, PREPARE, "prepare-ipmi", "no BMC");
        Map<String, String> found = Map.of(
                "PATH", last + "/usr/bin:" + System.getenv("PATH"),
                "LD_LIBRARY_PATH", last + "/usr/lib/x86_64-linux-gnu",
                "PYTHONPATH", last + "/usr/lib/python3/dist-packages");
        Path own = Files.createTempDirectory(folder, "ipmi");
        Path password = Files.writeString(own.resolve("password"), "of-a-rack");
        String ipmitool = "PATH=" + last + "/usr/bin:$PATH LD_LIBRARY_PATH=" + last
                + "/usr/lib/x86_64-linux-gnu ipmitool -I lanplus -C 3 -H 127.0.0.1 -U ksplat -f " + password + " -p ";
        List<Process> bmcs = new ArrayList<>();
        Bmcs all = new Bmcs(
                bmcs,
                List.of(
                        "console = \"" + ipmitool + BMC + " sol activate\"",
                        "reset = \"" + ipmitool + BMC + " chassis power reset\"",
                        "nmi = \"" + ipmitool + DIAG_BMC + " chassis power diag\""));
        bmcs.add(bmc(
                found,
                own.resolve("ipmi.log"),
                List.of(
                        "bash",
                        folder.resolve("ipmi-bmc").toString(),
                        own.toString(),
                        Integer.toString(BMC),
                        Integer.toString(CONSOLE),
                        bmc("system_reset"))));
        bmcs.add(bmc(
                found,
                own.resolve("diag.log"),
                List.of(
                        "/usr/bin/python3",
                        folder.resolve("diag-bmc").toString(),
                        Integer.toString(DIAG_BMC),
                        password.toString(),
                        "sh",
                        "-c",
                        bmc("inject-nmi"))));
        try {
            awaitPower(ipmitool + BMC);
            return all;
        } catch (Throwable t) {
            all.close();
            throw t;
        }
    }

    private Process bmc(Map<String, String> environment, Path log, List<String> command) throws IOException {
        List<String> words = new ArrayList<>(inside);
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(guarded(words))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(log.toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** A device of this host that its serial line is at. While it is there, it has the line to itself. */
    record SerialDevice(String path, Process guard) implements AutoCloseable {
        @Override
        public void close() throws Exception {
            end(guard);
        }
    }

    /** Connects its serial line to a device of this host. */
    SerialDevice serialDevice() throws Exception {
        List<String> words = new ArrayList<>(inside);
        words.addAll(
                List.of("/usr/bin/python3", folder.resolve("serial-device").toString(), Integer.toString(CONSOLE)));
        Path log = folder.resolve("serial-device.log");
        Process process =
                new ProcessBuilder(guarded(words)).redirectError(log.toFile()).start();
        long end = System.nanoTime() + COMMAND.toNanos();
        while (!Files.readString(log).contains("\n")) {
            assertThat(System.nanoTime()).as("the device is there").isLessThan(end);
            Thread.sleep(20);
        }
        return new SerialDevice(Files.readString(log).strip(), process);
    }

    private void awaitPower(String ipmitool) throws Exception {
        long end = System.nanoTime() + COMMAND.toNanos();
        HeldProcess power = run("sh", "-c", ipmitool + " chassis power status");
        while (!power.output().contains("Chassis Power is on")) {
            assertThat(System.nanoTime())
                    .as("its BMC answers: " + power.output())
                    .isLessThan(end);
            Thread.sleep(500);
            power = run("sh", "-c", ipmitool + " chassis power status");
        }
    }

    /** Fails unless neither the agent nor a program of a reproducer is there any more, within a moment. */
    void assertNothingLeft() throws Exception {
        // The shell that looks has these words on its own command line: they do not match themselves.
        String look = "end=$(($(date +%s) + 90)); while left=$(pgrep -a -f '/ksplat[.][A-Za-z0-9]+/agent';"
                + " grep -oE 'bpf_prog_[0-9a-f]{16}_(on_nmi|on_free|under_lock|push)' /proc/kallsyms;"
                + " ls -d /run/ksplat.* /dev/shm/ksplat.* 2>/dev/null); [ -n \"$left\" ]; do"
                + " [ $(date +%s) -lt $end ] || { echo \"$left\"; exit 7; }; sleep 1; done";
        HeldProcess found = ssh(look);
        assertThat(found.status()).as("what is left on it: " + found.output()).isZero();
    }

    private static void end(Process guard) throws Exception {
        guard.getOutputStream().close();
        if (!guard.waitFor(20, TimeUnit.SECONDS)) {
            guard.destroyForcibly();
        }
    }

    @Override
    public void close() throws Exception {
        end(guard);
    }
}
