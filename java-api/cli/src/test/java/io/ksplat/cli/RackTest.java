// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code run --on} a machine of which ksplat knows what it would know of a server: ssh, a console, and a BMC's commands. */
@Tag("long")
class RackTest {
    /** A boot under an emulator on a busy host is most of it. */
    private static final Duration LIMIT = Duration.ofMinutes(20);

    /** A reproducer that writes a text into a file of the machine. */
    private static final String WRITES = """
            import io.ksplat.engine.Machine;
            import io.ksplat.junit.Reproducer;
            import java.io.IOException;
            import org.junit.jupiter.api.Test;

            @Reproducer(id = "writes", bpf = "writes.bpf.c", shows = "what writing does", seed = "a test")
            class Writes {
                @Test
                void writes(Machine machine) throws IOException {
                    machine.writeFile("PATH", "TEXT");
                }
            }
            """;

    /** One that takes long enough for something to happen to it. */
    private static final String WATCHES = """
            import io.ksplat.engine.Machine;
            import io.ksplat.junit.KernelTest;
            import java.time.Duration;
            import org.junit.jupiter.api.Test;

            @KernelTest
            class Watches {
                @Test
                void watches(Machine machine) {
                    machine.watch(Duration.ofSeconds(60));
                }
            }
            """;

    private static final String NOTHING = """
            // SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
            #include "vmlinux.h"
            #include <bpf/bpf_helpers.h>

            char LICENSE[] SEC("license") = "GPL";

            SEC("syscall")
            int nothing(void *context)
            {
            	return 0;
            }
            """;

    @TempDir
    static Path there;

    private static Rack rack;

    @TempDir
    Path folder;

    @BeforeAll
    static void boots() throws Exception {
        rack = Rack.boot(there, "6.12");
    }

    @AfterAll
    static void ends() throws Exception {
        if (rack != null) {
            rack.close();
        }
    }

    /** One test's trouble is not the next one's. */
    @BeforeEach
    void answers() throws Exception {
        if (rack.ssh("true").status() != 0) {
            rack.reset();
        }
    }

    private Ksplat run(Path machines, String... reproducers) throws Exception {
        return run(machines, Map.of(), reproducers);
    }

    private Ksplat start(Path machines, Map<String, String> environment, String... reproducers) throws Exception {
        String[] words = new String[reproducers.length + 5];
        words[0] = "run";
        System.arraycopy(reproducers, 0, words, 1, reproducers.length);
        System.arraycopy(
                new String[] {"--on", "rack", "--machines", machines.toString()}, 0, words, reproducers.length + 1, 4);
        Map<String, String> own = new HashMap<>(environment);
        own.put("XDG_STATE_HOME", folder.resolve("state").toString());
        return rack.ksplat(folder, own, words);
    }

    private Ksplat run(Path machines, Map<String, String> environment, String... reproducers) throws Exception {
        Ksplat ksplat = start(machines, environment, reproducers);
        ksplat.exit(LIMIT);
        return ksplat;
    }

    /** What ksplat starts here ends with it, and on the machine, too. */
    private static void assertNothingLeft(Ksplat ksplat) throws Exception {
        ksplat.assertNothingLeft();
        rack.assertNothingLeft();
    }

    private static JsonNode runOf(Ksplat ksplat, String id) throws Exception {
        for (JsonNode run : ksplat.results().path("runs")) {
            if (run.path("reproducer").asText().equals(id)) {
                return run;
            }
        }
        throw new AssertionError("no run of " + id + ": " + ksplat.out() + ksplat.err());
    }

    private static JsonNode assertVerdict(Ksplat ksplat, String id, String verdict) throws Exception {
        JsonNode run = runOf(ksplat, id);
        assertThat(run.path("verdict").asText()).as(ksplat.out() + ksplat.err()).isEqualTo(verdict);
        return run;
    }

    @Test
    void aStormByItsBmcIsCleanWithControls() throws Exception {
        Ksplat ksplat = run(rack.machines(), "nmi-cpumask-kptr");

        assertThat(ksplat.exit()).as(ksplat.out() + ksplat.err()).isZero();
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("CLEAN");
        assertThat(run.path("target").asText()).isEqualTo("rack");
        assertThat(run.path("origin").asText()).isEqualTo("real");
        assertThat(run.path("controls").fieldNames()).toIterable().contains("storm", "dropped", "freed:kfree");
        assertThat(run.path("controls").findValuesAsText("passed")).containsOnly("true");
        assertNothingLeft(ksplat);
    }

    /** The kernel itself says where its CPUs are; what came before it is not the next run's. */
    @Test
    void aDeadlockIsToldByTheConsoleAndTheNextRunGoesOnAfterAReset() throws Exception {
        Ksplat ksplat = run(rack.machines(), "map-reentry/queue", "nmi-cpumask-kptr");

        JsonNode dead = assertVerdict(ksplat, "map-reentry/queue", "DEADLOCK");
        assertThat(dead.path("evidence").findValuesAsText("kind")).contains("cpu-stuck", "rcu-stall");
        assertThat(ksplat.err()).contains("rack: resetting it", "rack: it is up again");
        assertVerdict(ksplat, "nmi-cpumask-kptr", "CLEAN");
        assertNothingLeft(ksplat);
    }

    private String writing(String path, String text) throws Exception {
        Files.writeString(folder.resolve("writes.bpf.c"), NOTHING);
        return Files.writeString(
                        folder.resolve("Writes.java"),
                        WRITES.replace("PATH", path).replace("TEXT", text))
                .toString();
    }

    private String watching() throws Exception {
        return Files.writeString(folder.resolve("Watches.java"), WATCHES).toString();
    }

    /** Over LAN there is a session that must end, or the next run's console would be refused. */
    @Test
    void aDeadlockIsToldOverLanAndIpmiResets() throws Exception {
        try (Rack.Bmcs bmcs = rack.ipmi()) {
            Ksplat ksplat =
                    run(rack.machines(bmcs.entry().toArray(String[]::new)), "map-reentry/queue", "nmi-cpumask-kptr");

            JsonNode dead = assertVerdict(ksplat, "map-reentry/queue", "DEADLOCK");
            assertThat(dead.path("evidence").findValuesAsText("kind")).contains("cpu-stuck");
            assertThat(ksplat.err()).contains("rack: resetting it", "rack: it is up again");
            assertVerdict(ksplat, "nmi-cpumask-kptr", "CLEAN");
            assertNothingLeft(ksplat);
        }
    }

    /** A console that ends with the connection: what the kernel said last, the next boot finds. */
    @Test
    void aPanicIsACrashFromPstoreAlone() throws Exception {
        String panics = writing("/proc/sysrq-trigger", "c");
        Ksplat ksplat = run(rack.machines("console = { kmsg = true }"), panics, "nmi-cpumask-kptr");

        JsonNode dead = assertVerdict(ksplat, "writes", "CRASH");
        try (Stream<Path> files = Files.walk(ksplat.report)) {
            assertThat(files.filter(file -> file.endsWith("kept-log.log")))
                    .singleElement(InstanceOfAssertFactories.PATH)
                    .content()
                    .contains("sysrq triggered crash");
        }
        assertThat(ksplat.err()).contains("waiting for what it has kept").doesNotContain("resetting it");
        assertVerdict(ksplat, "nmi-cpumask-kptr", "CLEAN");
        assertNothingLeft(ksplat);
    }

    /** Its kernel is not reset while another one saves what it was. */
    @Test
    void aPanicIsACrashFromKdump() throws Exception {
        // As kdump-config does, but without what the rack's boot line reserves: the kernel that saves the dump has
        // little memory, elsewhere.
        HeldProcess armed = rack.ssh("r=$(uname -r); line=$(sed -E 's/ (memmap|crashkernel)=[^ ]*//g' /proc/cmdline);"
                + " kexec -p /boot/vmlinuz-$r --initrd=/var/lib/kdump/initrd.img-$r --command-line=\"$line reset_devices"
                + " systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll\"; cat /sys/kernel/kexec_crash_loaded");
        assertThat(armed.output().strip()).endsWith("1");
        String panics = writing("/proc/sysrq-trigger", "c");
        Ksplat ksplat = run(rack.machines("console = { kmsg = true }"), panics, "nmi-cpumask-kptr");

        assertVerdict(ksplat, "writes", "CRASH");
        assertThat(ksplat.err()).doesNotContain("resetting it");
        assertThat(rack.ssh("grep -l 'sysrq triggered crash' /var/crash/*/dmesg.*")
                        .status())
                .isZero();
        assertVerdict(ksplat, "nmi-cpumask-kptr", "CLEAN");
        assertNothingLeft(ksplat);
    }

    /** pstore has the panic of the test before, or none. */
    @Test
    void aMachineThatIsResetByAnotherWasLostAndDidNotCrash() throws Exception {
        Ksplat ksplat = start(rack.machines("console = { kmsg = true }"), Map.of(), watching());
        ksplat.awaitProgress("running on 6.12");
        rack.reset();
        ksplat.exit(LIMIT);
        assertThat(ksplat.onlyRun().path("verdict").asText())
                .as(ksplat.out() + ksplat.err())
                .isIn("INCONCLUSIVE", "ERROR");
        assertThat(ksplat.out()).contains("rack");
        assertNothingLeft(ksplat);
    }

    /** No serial line at all: the last words come over the cable. */
    @Test
    void aPanicIsACrashFromNetconsoleAlone() throws Exception {
        String panics = writing("/proc/sysrq-trigger", "c");
        Ksplat ksplat = run(rack.machines("console = { netconsole = 6666 }"), panics, "nmi-cpumask-kptr");

        JsonNode dead = assertVerdict(ksplat, "writes", "CRASH");
        assertThat(dead.path("evidence").findValuesAsText("source")).contains("console");
        assertVerdict(ksplat, "nmi-cpumask-kptr", "CLEAN");
        assertThat(rack.ssh("ls /sys/kernel/config/netconsole").output()).doesNotContain("ksplat");
        assertNothingLeft(ksplat);
    }

    /** What a boot needed is gone with the session, and the kernel with the next reset, which comes in any case. */
    private void assertItsOwnKernelComesBack(boolean good) throws Exception {
        String left = rack.ssh("ls -d /lib/modules/*/.ksplat /var/lib/ksplat-boot 2>/dev/null")
                .output();
        rack.reset();
        if (good) {
            assertThat(left).as("left of the boot").isEmpty();
            assertThat(rack.ssh("uname -r; cat /proc/cmdline").output())
                    .startsWith("6.12.")
                    .doesNotContain("ksplat.boot=");
        }
    }

    @Test
    void aKernelIsBootedByKexecOnce() throws Exception {
        boolean good = false;
        try {
            Ksplat ksplat = run(rack.machines(), "res-spin-lock-aa", "--kernel", "debian:7.2");

            JsonNode run = assertVerdict(ksplat, "res-spin-lock-aa", "RECOVERED");
            assertThat(runOf(ksplat, "res-spin-lock-aa/two-locks")
                            .path("verdict")
                            .asText())
                    .as(ksplat.out() + ksplat.err())
                    .isEqualTo("CLEAN");
            assertThat(run.path("kernel").path("spec").asText()).isEqualTo("debian:7.2");
            String release = run.path("kernel").path("release").asText();
            assertThat(release).startsWith("7.2.");
            assertThat(rack.ssh("uname -r; cat /proc/cmdline").output()).contains(release, "ksplat.boot=");
            assertThat(ksplat.err()).contains("until it is reset");
            assertNothingLeft(ksplat);
            good = true;
        } finally {
            assertItsOwnKernelComesBack(good);
        }
    }

    /** What the command needs it has from its environment; that the kernel answers is proven as it is for kexec. */
    @Test
    void aKernelIsBootedByItsBootCommand() throws Exception {
        boolean good = false;
        try {
            Ksplat ksplat = run(
                    rack.machines("boot = \"" + rack.bootCommand() + "\""),
                    "res-spin-lock-aa/two-locks",
                    "--kernel",
                    "debian:7.2");

            JsonNode run = ksplat.onlyRun();
            assertThat(run.path("verdict").asText())
                    .as(ksplat.out() + ksplat.err())
                    .isEqualTo("CLEAN");
            assertThat(run.path("kernel").path("release").asText()).startsWith("7.2.");
            assertThat(ksplat.err()).contains("having it boot").doesNotContain("by kexec");
            assertNothingLeft(ksplat);
            good = true;
        } finally {
            assertItsOwnKernelComesBack(good);
        }
    }

    /** One that answers, but runs another kernel than it was to, is not taken for it. */
    @Test
    void aBootCommandThatBootsNothingIsAnError() throws Exception {
        Ksplat ksplat = run(
                rack.machines("boot = \"true\"", "boot-seconds = 10"), "nmi-cpumask-kptr", "--kernel", "debian:7.2");
        assertError(ksplat, "rack did not come back within 10 s of the boot of 7.2.");
        ksplat.assertNothingLeft();
    }

    /** Whatever it is that kills it takes its last words along each time. */
    @Test
    void threeLossesInARowEndIt() throws Exception {
        String reboots = writing("/proc/sysrq-trigger", "b");
        Ksplat ksplat = run(rack.machines(), reboots, "--repeat", "5");

        assertThat(ksplat.results().path("runs").findValuesAsText("verdict"))
                .as(ksplat.out() + ksplat.err())
                .containsExactly("INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE", "ERROR", "ERROR");
        assertThat(ksplat.out()).contains("the machine was lost", "rack was lost 3 times in a row");
        assertNothingLeft(ksplat);
    }

    /** Such a machine reboots by itself, too: the reset that follows must be its own. */
    @Test
    void aPanicIsACrashFromTheConsole() throws Exception {
        String panics = writing("/proc/sysrq-trigger", "c");
        Ksplat ksplat = run(rack.machines(), panics, "nmi-cpumask-kptr");

        assertVerdict(ksplat, "writes", "CRASH");
        assertVerdict(ksplat, "nmi-cpumask-kptr", "CLEAN");
        assertNothingLeft(ksplat);
    }

    /** A line from the machine to a device of this host. */
    @Test
    void aPanicIsACrashFromASerialDevice() throws Exception {
        String panics = writing("/proc/sysrq-trigger", "c");
        try (Rack.SerialDevice device = rack.serialDevice()) {
            Ksplat ksplat = run(
                    rack.machines("console = { serial = \"" + device.path() + "\", baud = 115200 }"),
                    panics,
                    "nmi-cpumask-kptr");

            assertVerdict(ksplat, "writes", "CRASH");
            assertVerdict(ksplat, "nmi-cpumask-kptr", "CLEAN");
            assertNothingLeft(ksplat);
        }
    }

    /** Runs reproducers by a ksplat on the machine, which has only itself to run them on. */
    private static JsonNode runThere(String report, String... reproducers) throws Exception {
        HeldProcess ran = rack.ssh(
                "ksplat-*/ksplat run " + String.join(" ", reproducers) + " --on local --yes --report " + report, LIMIT);
        HeldProcess results = rack.ssh("cat " + report + "/results.json");
        assertThat(results.status()).as(ran.output()).isZero();
        return new ObjectMapper().readTree(results.output()).path("runs");
    }

    /** It dies of a reproducer, and its ksplat with it: the next one there leaves that reproducer out. */
    @Test
    void theMachineThatKsplatRunsOnIsOneToo() throws Exception {
        Path panics = Path.of(writing("/proc/sysrq-trigger", "c"));
        Dist.pack(folder, "tar");
        rack.copy(Dist.archive(), panics, folder.resolve("writes.bpf.c"));
        HeldProcess unpacked = rack.ssh("tar -xzf ksplat-*.tar.gz && sync");
        assertThat(unpacked.status()).as(unpacked.output()).isZero();

        JsonNode lived = runThere("lived", "nmi-cgroup-kptr/in-task", "nmi-cpumask-kptr");
        assertThat(lived.findValuesAsText("target")).containsOnly("local");
        assertThat(lived.findValuesAsText("verdict")).containsExactly("CLEAN", "UNSUPPORTED");
        assertThat(lived.get(1).path("message").asText()).contains("local can send no storm of NMIs");

        String before = rack.bootId().output();
        String line = "ksplat-*/ksplat run " + panics.getFileName() + " --on local --yes --report died";
        HeldProcess begun = rack.ssh("systemd-run -E HOME=/root --working-directory=/root sh -c '" + line + "'");
        assertThat(begun.status()).as(begun.output()).isZero();
        rack.awaitBootAfter(before, LIMIT);

        JsonNode after = runThere("after", panics.getFileName().toString(), "nmi-cgroup-kptr/in-task");
        assertThat(after.findValuesAsText("verdict")).containsExactly("ERROR", "CLEAN");
        assertThat(after.get(0).path("message").asText()).contains("left out");
        rack.assertNothingLeft();
    }

    private static void assertError(Ksplat ksplat, String... words) throws Exception {
        assertThat(ksplat.exit()).as(ksplat.out() + ksplat.err()).isEqualTo(3);
        assertThat(ksplat.out()).contains(words);
        assertThat(ksplat.results().path("runs").findValuesAsText("verdict")).containsOnly("ERROR");
    }

    @Test
    void anotherUserHasIt() throws Exception {
        Ksplat first = start(rack.machines(), Map.of(), watching());
        first.awaitProgress("running on 6.12");
        Path second = Files.createDirectory(folder.resolve("second"));
        Ksplat refused = rack.ksplat(
                second,
                Map.of("XDG_STATE_HOME", second.toString()),
                "run",
                "nmi-cpumask-kptr",
                "--on",
                "rack",
                "--machines",
                rack.machines().toString());
        refused.exit(LIMIT);
        assertError(refused, "this machine is in use by ");
        first.exit(LIMIT);
        assertThat(first.onlyRun().path("verdict").asText()).isEqualTo("CLEAN");
        assertNothingLeft(first);
    }

    @Test
    void anotherHostKeyIsNotBelieved() throws Exception {
        Path file = folder.resolve("known-hosts");
        String known = Files.readString(there.resolve("known-hosts"));
        Files.writeString(file, known.replaceAll("ssh-ed25519 .*", "ssh-ed25519 " + otherKey()));
        Path machines = rack.machines();
        Files.writeString(
                machines,
                Files.readString(machines).replace(there.resolve("known-hosts").toString(), file.toString()));
        Ksplat ksplat = run(machines, "nmi-cpumask-kptr");
        assertError(ksplat, "cannot connect to rack", "Host key verification failed");
        ksplat.assertNothingLeft();
    }

    private String otherKey() throws Exception {
        Path key = folder.resolve("other");
        HeldProcess made =
                HeldProcess.run(folder, LIMIT, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
        assertThat(made.status()).as(made.output()).isZero();
        return Files.readString(Path.of(key + ".pub")).split(" ")[1];
    }

    @Test
    void aConsoleThatShowsNothingIsAnError() throws Exception {
        Ksplat ksplat = run(rack.machines("console = \"exec sleep 1000\""), "nmi-cpumask-kptr");
        assertError(ksplat, "does not show what its kernel says");
        assertNothingLeft(ksplat);
    }

    /** What ipmitool says of it is what people need to know. */
    @Test
    void aBmcThatDoesNotAnswerIsAnError() throws Exception {
        Path machines;
        try (Rack.Bmcs bmcs = rack.ipmi()) {
            machines = rack.machines(bmcs.entry().toArray(String[]::new));
        }
        Ksplat ksplat = run(machines, "nmi-cpumask-kptr");
        assertError(ksplat, "the console of rack", "has ended: Error: Unable to establish IPMI v2 / RMCP+ session");
        assertNothingLeft(ksplat);
    }

    /** Nothing was sent then: that is no clean run. */
    @Test
    void anNmiCommandThatFailsIsAnError() throws Exception {
        Ksplat ksplat = run(rack.machines("nmi = \"echo no such chassis >&2; exit 1\""), "nmi-cpumask-kptr");
        assertError(ksplat, "no such chassis");
        assertNothingLeft(ksplat);
    }

    @Test
    void aCableThatIsPulledIsNoHang() throws Exception {
        Ksplat ksplat = start(rack.machines(), Map.of(), watching());
        try {
            ksplat.awaitProgress("running on 6.12");
            rack.cable(false);
            ksplat.exit(LIMIT);
        } finally {
            rack.cable(true);
        }
        assertError(ksplat, "rack");
        assertNothingLeft(ksplat);
    }

    /** All of it: systemd starts another one. */
    @Test
    void anSshdThatIsKilledIsNoHang() throws Exception {
        Ksplat ksplat = start(rack.machines(), Map.of(), watching());
        ksplat.awaitProgress("running on 6.12");
        rack.ssh("systemd-run pkill -9 sshd");
        ksplat.exit(LIMIT);
        assertError(ksplat, "the connection to rack is lost");
        assertNothingLeft(ksplat);
    }

    /** What the kernel said meanwhile is lost: a report of it, too, if there was one. */
    @Test
    void aConsoleThatFloodsIsNeverClean() throws Exception {
        rack.ssh(
                "sysctl -w kernel.printk_devkmsg=on; for cpu in 0 1 2 3; do systemd-run --unit=flood$cpu taskset -c $cpu"
                        + " sh -c 'while :; do echo this is a flood of the log, and nothing that the kernel has said >/dev/kmsg; done'; done");
        try {
            Ksplat ksplat = run(rack.machines(), "nmi-cpumask-kptr");
            assertThat(ksplat.onlyRun().path("verdict").asText())
                    .as(ksplat.out() + ksplat.err())
                    .isIn("INCONCLUSIVE", "ERROR");
        } finally {
            rack.ssh("systemctl stop 'flood*'");
        }
        rack.assertNothingLeft();
    }

    /** What is measured is measured by clocks that nobody sets. */
    @Test
    void aClockThatJumpsChangesNothing() throws Exception {
        Ksplat ksplat = start(rack.machines(), Map.of(), watching());
        ksplat.awaitProgress("running on 6.12");
        assertThat(rack.ssh("date -s '+3 days' && date -s '-1 day'").status()).isZero();
        ksplat.exit(LIMIT);
        assertThat(ksplat.onlyRun().path("verdict").asText())
                .as(ksplat.out() + ksplat.err())
                .isEqualTo("CLEAN");
        assertNothingLeft(ksplat);
    }

    @Test
    void aMachineWithoutRoomIsAnError() throws Exception {
        // sshd needs what is in /run: that is filled, and the others are covered.
        assertThat(rack.ssh("dd if=/dev/zero of=/run/full bs=1M 2>/dev/null; for p in /dev/shm /tmp /var/tmp; do"
                                + " mount -t tmpfs -o size=64k none $p && dd if=/dev/zero of=$p/full 2>/dev/null; done;"
                                + " findmnt -n /var/tmp")
                        .output())
                .contains("tmpfs");
        try {
            Ksplat ksplat = run(rack.machines(), "nmi-cpumask-kptr");
            assertError(ksplat, "cannot put the agent on rack");
            ksplat.assertNothingLeft();
        } finally {
            rack.ssh("umount /dev/shm /tmp /var/tmp; rm /run/full");
        }
        rack.assertNothingLeft();
    }

    @Test
    void aResetThatDoesNothingIsSeen() throws Exception {
        // TAINT_WARN: a kernel that has warned is not the one to go on with.
        String taints = writing("/proc/sys/kernel/tainted", "512");
        Ksplat ksplat = run(rack.machines("reset = \"true\"", "boot-seconds = 10"), taints, "nmi-cpumask-kptr");
        assertVerdict(ksplat, "nmi-cpumask-kptr", "ERROR");
        assertThat(ksplat.out())
                .contains(
                        "rack did not come back within 10 s of its reset: it still runs the boot from before the reset");
        assertNothingLeft(ksplat);
    }
}
