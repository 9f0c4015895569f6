// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A machine as in a rack: a whole Debian that is reached by ssh, has a serial console, and a BMC that sends it NMIs and resets it. It is
 * QEMU, started without ksplat, which knows no more of it than machines.toml says. It ends with this JVM.
 */
final class Rack implements AutoCloseable {
    private static final Duration PREPARE = Duration.ofMinutes(15);
    private static final Duration BOOT = Duration.ofMinutes(8);
    private static final Duration COMMAND = Duration.ofMinutes(2);

    /**
     * What the catalogue's reproducers need, and detectors that speak soon. QEMU's TCG now and then runs half of an instruction that the
     * kernel patches: a boot that dies of it tries again. On a busy host its timer would seem not to work.
     */
    private static final String BOOT_LINE =
            "root=/dev/vda rw console=ttyS0,115200 rcu_nocbs=all rcutree.enable_rcu_lazy=0 transparent_hugepage=never"
                    + " watchdog_thresh=10 rcupdate.rcu_cpu_stall_timeout=10 tsc=reliable no_timer_check panic=10";

    private final Path folder;
    private final Path disk;
    private final int ssh;
    private final int console;
    private final int monitor;
    private final Process guard;

    private Rack(Path folder, Path disk, String series) throws IOException {
        this.folder = folder;
        this.disk = disk;
        this.ssh = freePort();
        this.console = freePort();
        this.monitor = freePort();
        try (InputStream bmc = Rack.class.getResourceAsStream("rack/bmc")) {
            Files.copy(Objects.requireNonNull(bmc), folder.resolve("bmc"), StandardCopyOption.REPLACE_EXISTING);
        }
        Files.writeString(
                folder.resolve("known-hosts"), "[127.0.0.1]:" + ssh + " " + Files.readString(disk.resolve("host.pub")));
        this.guard = start(series);
    }

    /**
     * Boots one, with four CPUs.
     *
     * @param series of its kernel: 6.12 or 7.2
     */
    static Rack boot(Path folder, String series) throws Exception {
        HeldProcess made = HeldProcess.run(
                folder,
                PREPARE,
                Path.of("../../scripts/prepare-rack").toAbsolutePath().toString());
        assertThat(made.status()).as(made.output()).isZero();
        String last = made.output().lines().reduce((first, second) -> second).orElse("");
        Skips.unless(last.startsWith("/"), "no machine for a rack: " + last);
        Path disk = Path.of(last);
        Rack rack = new Rack(folder, disk, series);
        try {
            rack.awaitBoot();
            return rack;
        } catch (Throwable t) {
            rack.close();
            throw t;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private Process start(String series) throws IOException {
        Path kernel = disk.resolve(series);
        List<String> words = new ArrayList<>(List.of(
                Path.of("../../native/build/ksplat-guard").toAbsolutePath().toString(), "--host-network", "--"));
        words.addAll(List.of("qemu-system-x86_64", "-machine", "q35", "-cpu", "max", "-accel", "tcg,thread=multi"));
        words.addAll(List.of("-smp", "4", "-m", "1024", "-nodefaults", "-no-user-config", "-display", "none"));
        words.addAll(List.of("-kernel", kernel.resolve("vmlinuz").toString()));
        words.addAll(List.of("-initrd", kernel.resolve("initrd").toString(), "-append", BOOT_LINE));
        words.addAll(List.of("-drive", "file=" + disk.resolve("disk") + ",format=raw,if=virtio,snapshot=on"));
        words.addAll(List.of("-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:" + ssh + "-:22"));
        words.addAll(List.of("-device", "virtio-net-pci,id=card,netdev=net"));
        words.addAll(List.of("-chardev", server("console", console) + ",logfile=" + folder.resolve("serial.log")));
        words.addAll(List.of("-serial", "chardev:console"));
        words.addAll(List.of("-chardev", server("monitor", monitor), "-mon", "chardev=monitor,mode=control"));
        return new ProcessBuilder(words)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(folder.resolve("qemu.log").toFile())
                .start();
    }

    private static String server(String id, int port) {
        return "socket,id=" + id + ",host=127.0.0.1,port=" + port + ",server=on,wait=off";
    }

    private void awaitBoot() throws Exception {
        long end = System.nanoTime() + BOOT.toNanos();
        while (ssh("true").status() != 0) {
            assertThat(guard.isAlive())
                    .as("QEMU runs: " + Files.readString(folder.resolve("qemu.log")))
                    .isTrue();
            assertThat(System.nanoTime()).as("its sshd is up, see " + folder).isLessThan(end);
            Thread.sleep(1000);
        }
    }

    private List<String> sshOptions() {
        return List.of(
                "-F",
                "/dev/null",
                "-p",
                Integer.toString(ssh),
                "-i",
                disk.resolve("key").toString(),
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "ConnectTimeout=60",
                "-o",
                "UserKnownHostsFile=" + folder.resolve("known-hosts"));
    }

    /** Runs a command there. */
    HeldProcess ssh(String command) throws Exception {
        List<String> words = new ArrayList<>(List.of("ssh", "-o", "BatchMode=yes"));
        words.addAll(sshOptions());
        words.addAll(List.of("root@127.0.0.1", command));
        return HeldProcess.run(folder, COMMAND, words.toArray(String[]::new));
    }

    /** The words of a shell that have its BMC do something. */
    String bmc(String command) {
        return "bash " + folder.resolve("bmc") + " " + monitor + " " + command;
    }

    /** Pulls the network's cable, or plugs it in. */
    void cable(boolean in) throws Exception {
        HeldProcess done =
                HeldProcess.run(folder, COMMAND, "sh", "-c", bmc("set_link '{\"name\":\"card\",\"up\":" + in + "}'"));
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
                "ssh = \"root@127.0.0.1\"",
                "ssh-options = [" + options + "]",
                "sacrificial = true",
                "console = \"exec bash -c 'exec cat </dev/tcp/127.0.0.1/" + console + "'\"",
                "nmi = \"" + bmc("inject-nmi") + "\"",
                "reset = \"" + bmc("system_reset") + "\"",
                "slowness = 4"));
        for (String line : more) {
            String key = line.substring(0, line.indexOf(' ') + 1);
            lines.removeIf(other -> other.startsWith(key));
            lines.add(line);
        }
        Path file = folder.resolve("machines.toml");
        return Files.writeString(file, "[rack]\n" + String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
    }

    /** Fails unless neither the agent nor a program of a reproducer is there any more, within a moment. */
    void assertNothingLeft() throws Exception {
        String look =
                "for i in $(seq 90); do left=$(pgrep -a -f ksplat[.]; grep -oE 'bpf_prog_[0-9a-f]{16}_(on_nmi|on_free|under_lock|push)'"
                        + " /proc/kallsyms; ls -d /run/ksplat.* /dev/shm/ksplat.* 2>/dev/null); [ -n \"$left\" ] || exit 0; sleep 1; done; echo \"$left\"; exit 7";
        HeldProcess found = ssh(look);
        assertThat(found.status()).as("what is left on it: " + found.output()).isZero();
    }

    @Override
    public void close() throws Exception {
        guard.getOutputStream().close();
        if (!guard.waitFor(20, TimeUnit.SECONDS)) {
            guard.destroyForcibly();
        }
    }
}
