// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfStream;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.Accelerator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Records consoles of real kernels for the evidence module's golden tests into the folder that {@code -Dksplat.golden.record=DIR}
 * names; {@code -Dksplat.golden.only=PATTERN} records some. What {@code /proc/meminfo} and {@code /proc/stat} do is replaced by what
 * the scenario says, and a process in the guest reads them.
 */
@Tag("machine")
@EnabledIfSystemProperty(
        named = "ksplat.golden.record",
        matches = ".+",
        disabledReason = "records golden logs; -Dksplat.golden.record=DIR says where to")
class GoldenRecorder {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration QUIET = Duration.ofMillis(700);

    /** What a watchdog says next is the same again. */
    private static final Duration LAST_WORDS = Duration.ofMillis(1500);

    private static final String OLD = "debian:6.1";
    private static final String MIDDLE = "debian:6.12";
    private static final String BETWEEN = "debian:6.16";
    private static final String RECENT = "debian:7.2";
    private static final String NEW = "debian:7.3";
    private static final String LOCKDEP = "source:7.3+lockdep";
    private static final String WATCHDOGS =
            "watchdog_thresh=1 rcupdate.rcu_cpu_stall_timeout=3 workqueue.watchdog_thresh=2";
    private static final long GFP_KERNEL = 0xcc0;

    /** {@code jmp .} */
    private static final int[] FOREVER = {0xeb, 0xfe};

    /** Writes the code of one function. */
    @FunctionalInterface
    interface Code {
        Sabotage of(Sabotage code);
    }

    /**
     * One log.
     *
     * @param boot parameters
     * @param meminfo what reading /proc/meminfo does on CPU 1
     * @param stat what reading /proc/stat on CPU 0 does afterwards, if anything
     * @param until texts that the console must show
     */
    record Scenario(String name, String kernel, String boot, Code meminfo, Optional<Code> stat, List<String> until) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Scenario one(String name, String kernel, String boot, Code meminfo, String... until) {
        return new Scenario(name, kernel, boot, meminfo, Optional.empty(), List.of(until));
    }

    static Stream<Scenario> scenarios() {
        List<Scenario> all = new ArrayList<>();
        for (String kernel : List.of(OLD, MIDDLE, BETWEEN, RECENT, NEW)) {
            String suffix = "-" + kernel.substring(kernel.indexOf(':') + 1);
            all.add(one(
                    "soft-lockup" + suffix,
                    kernel,
                    WATCHDOGS,
                    code -> code.callWithZeroes("_raw_spin_lock", 16).raw(FOREVER),
                    "soft lockup",
                    "stall"));
            all.add(one(
                    "irqs-off" + suffix,
                    kernel,
                    WATCHDOGS,
                    code -> code.raw(0xfa).raw(FOREVER),
                    "stall"));
            // xor %eax, %eax; mov (%rax), %rax
            all.add(one(
                    "null-pointer" + suffix,
                    kernel,
                    "",
                    code -> code.raw(0x31, 0xc0, 0x48, 0x8b, 0),
                    "---[ end trace"));
            all.add(one(
                    "schedule-atomic" + suffix,
                    kernel,
                    "",
                    GoldenRecorder::scheduleUnderLock,
                    "Call Trace",
                    "</TASK>"));
            all.add(one(
                    "refcount" + suffix,
                    kernel,
                    "",
                    // mov $REFCOUNT_SUB_UAF, %esi
                    code -> code.raw(0xbe, 3, 0, 0, 0).callWithZeroes("refcount_warn_saturate", 16),
                    "---[ end trace"));
            all.add(one(
                    "list-corruption" + suffix,
                    kernel,
                    "",
                    code -> code.call(
                            kernel.equals(OLD) ? "__list_add_valid" : "__list_add_valid_or_report",
                            "_text",
                            "_text",
                            "init_task"),
                    "---[ end trace"));
            all.add(new Scenario(
                    "hung-task" + suffix,
                    kernel,
                    "sysctl.kernel.hung_task_timeout_secs=2",
                    GoldenRecorder::sleepUnderMutex,
                    Optional.of(code -> code.call("mutex_lock", "text_mutex")),
                    List.of(kernel.equals(OLD) || kernel.equals(MIDDLE) ? "READ_STAT" : "likely owned by", "</TASK>")));
            all.addAll(faults(kernel, suffix));
            all.addAll(memory(kernel, suffix));
            all.addAll(harmless(kernel, suffix));
        }
        all.addAll(lockdep());
        Pattern only = Pattern.compile(System.getProperty("ksplat.golden.only", ".*"));
        return all.stream().filter(scenario -> only.matcher(scenario.name()).matches());
    }

    private static List<Scenario> faults(String kernel, String suffix) {
        String traced = "---[ end trace";
        List<Scenario> all = new ArrayList<>();
        // mov $0xdead000000000100, %rax; mov (%rax), %rax
        all.add(one(
                "general-protection" + suffix,
                kernel,
                "",
                code -> code.raw(0x48, 0xb8, 0, 1, 0, 0, 0, 0, 0xad, 0xde, 0x48, 0x8b, 0),
                traced));
        // xor %ecx, %ecx; div %ecx
        all.add(one("divide-error" + suffix, kernel, "", code -> code.raw(0x31, 0xc9, 0xf7, 0xf1), traced));
        all.add(one("invalid-opcode" + suffix, kernel, "", code -> code.raw(0x0f, 0x0b), traced));
        all.add(one("breakpoint" + suffix, kernel, "", code -> code.raw(0xcc), traced));
        // mov $0xffffc8ffffff0000, %rax, between two areas of the kernel's memory; mov (%rax), %rax
        all.add(one(
                "page-fault" + suffix,
                kernel,
                "",
                code -> code.raw(0x48, 0xb8, 0, 0, 0xff, 0xff, 0xff, 0xc8, 0xff, 0xff, 0x48, 0x8b, 0),
                traced));
        all.add(one("read-only" + suffix, kernel, "", code -> code.call("memset", "_text", 0, 8), traced));
        all.add(one("no-execute" + suffix, kernel, "", code -> code.call("init_task"), traced));
        all.add(one("stack-overflow" + suffix, kernel, "", code -> code.call("meminfo_proc_show"), traced));
        all.add(one("stack-protector" + suffix, kernel, "", code -> code.call("__stack_chk_fail"), "end Kernel panic"));
        all.add(one("panic" + suffix, kernel, "", code -> code.call("panic", "linux_banner"), "end Kernel panic"));
        all.add(one("usercopy" + suffix, kernel, "", code -> code.call("usercopy_abort", 0, 0, 1, 0, 8), traced));
        return all;
    }

    private static List<Scenario> memory(String kernel, String suffix) {
        String traced = "---[ end trace";
        String allocate = kernel.equals(OLD) ? "__kmalloc" : "__kmalloc_noprof";
        String debug = kernel.equals(OLD) ? "slub_debug=FZPU" : "slab_debug=FZPU";
        List<Scenario> all = new ArrayList<>();
        // mov $REFCOUNT_DEC_LEAK, %esi
        all.add(one(
                "refcount-leak" + suffix,
                kernel,
                "",
                code -> code.raw(0xbe, 4, 0, 0, 0).callWithZeroes("refcount_warn_saturate", 16),
                traced));
        all.add(one(
                "list-deletion" + suffix,
                kernel,
                "",
                code -> code.callWithZeroes(
                        kernel.equals(OLD) ? "__list_del_entry_valid" : "__list_del_entry_valid_or_report", 16),
                traced));
        all.add(one("vfree-of-text" + suffix, kernel, "", code -> code.call("vfree", "_text"), traced));
        all.add(one(
                "slub-double-free" + suffix,
                kernel,
                debug,
                code -> code.call(allocate, 32, GFP_KERNEL)
                        .keep()
                        .callWithKept("kfree")
                        .callWithKept("kfree"),
                "FIX kmalloc"));
        // mov (%rsp), %rax; movq $0x42, 32(%rax)
        all.add(one(
                "slub-redzone" + suffix,
                kernel,
                debug,
                code -> code.call(allocate, 32, GFP_KERNEL)
                        .keep()
                        .raw(0x48, 0x8b, 0x04, 0x24, 0x48, 0xc7, 0x40, 0x20, 0x42, 0, 0, 0)
                        .callWithKept("kfree"),
                "FIX kmalloc"));
        all.add(one(
                "kfence-use-after-free" + suffix,
                kernel,
                "kfence.sample_interval=1",
                // until the allocation is one of KFENCE's: allocate, free, read
                code -> code.call(allocate, 32, GFP_KERNEL)
                        .keep()
                        .callWithKept("kfree")
                        // mov (%rsp), %rax; mov (%rax), %rax
                        .raw(0x48, 0x8b, 0x04, 0x24, 0x48, 0x8b, 0)
                        .again(),
                "BUG: KFENCE",
                "=========="));
        all.add(one(
                "kfence-out-of-bounds" + suffix,
                kernel,
                "kfence.sample_interval=1",
                // mov (%rsp), %rax; mov 4096(%rax), %rax: the page behind that of the object
                code -> code.call(allocate, 32, GFP_KERNEL)
                        .keep()
                        .raw(0x48, 0x8b, 0x04, 0x24, 0x48, 0x8b, 0x80, 0, 0x10, 0, 0)
                        .callWithKept("kfree")
                        .again(),
                "BUG: KFENCE",
                "=========="));
        return all;
    }

    /** What the kernel prints because somebody asked it to. */
    private static List<Scenario> harmless(String kernel, String suffix) {
        return List.of(
                one(
                        "silent-show-cpus" + suffix,
                        kernel,
                        "",
                        code -> code.call("__handle_sysrq", 'l' + 0, 0),
                        "</TASK>"),
                one(
                        "silent-show-blocked" + suffix,
                        kernel,
                        "",
                        code -> code.call("__handle_sysrq", 'w' + 0, 0),
                        "sysrq"),
                one(
                        "silent-show-memory" + suffix,
                        kernel,
                        "",
                        code -> code.call("__handle_sysrq", 'm' + 0, 0),
                        "sysrq",
                        "RAM"),
                one(
                        "silent-show-tasks" + suffix,
                        kernel,
                        "",
                        code -> code.call("__handle_sysrq", 't' + 0, 0),
                        "sysrq",
                        "task:init"),
                one(
                        "silent-registers" + suffix,
                        kernel,
                        "",
                        code -> code.call("__handle_sysrq", 'p' + 0, 0),
                        "sysrq",
                        "RIP"),
                one("silent-dump-stack" + suffix, kernel, "", code -> code.call("dump_stack"), "</TASK>"));
    }

    private static List<Scenario> lockdep() {
        String traced = "Call Trace";
        String end = "</TASK>";
        List<Scenario> all = new ArrayList<>();
        all.add(one(
                "hard-lockup-buddy", LOCKDEP, WATCHDOGS, code -> code.raw(0xfa).raw(FOREVER), "hard LOCKUP", "stall"));
        all.add(one(
                "soft-lockup-lockdep",
                LOCKDEP,
                WATCHDOGS,
                code -> code.call("_raw_spin_lock", "unix_gc_lock").raw(FOREVER),
                "soft lockup",
                "stall"));
        all.add(new Scenario(
                "lockdep-circular",
                LOCKDEP,
                "",
                code -> code.call("mutex_lock_nested", "text_mutex", 0)
                        .call("mutex_lock_nested", "oom_adj_mutex", 0)
                        .call("mutex_unlock", "oom_adj_mutex")
                        .call("mutex_unlock", "text_mutex"),
                Optional.of(code -> code.call("mutex_lock_nested", "oom_adj_mutex", 0)
                        .call("mutex_lock_nested", "text_mutex", 0)
                        .call("mutex_unlock", "text_mutex")
                        .call("mutex_unlock", "oom_adj_mutex")),
                List.of("circular", end)));
        all.add(one(
                "lockdep-recursive",
                LOCKDEP,
                "",
                code -> code.call("mutex_lock_nested", "text_mutex", 0).call("mutex_lock_nested", "text_mutex", 0),
                "recursive",
                end));
        all.add(one(
                "lockdep-inconsistent-hardirq",
                LOCKDEP,
                "",
                code -> code.call("_raw_spin_lock", "jiffies_lock").call("_raw_spin_unlock", "jiffies_lock"),
                "inconsistent",
                end));
        all.add(new Scenario(
                "lockdep-irq-unsafe-order",
                LOCKDEP,
                "",
                // a raw spin lock, LD_WAIT_SPIN
                code -> code.call("__raw_spin_lock_init", "unix_gc_lock", "poweroff_cmd", "poweroff_cmd", 2)
                        .call("_raw_spin_lock", "unix_gc_lock")
                        .call("_raw_spin_unlock", "unix_gc_lock"),
                Optional.of(code -> code.raw(0xfa)
                        .call("_raw_spin_lock", "jiffies_lock")
                        .call("_raw_spin_lock", "unix_gc_lock")
                        .call("_raw_spin_unlock", "unix_gc_lock")
                        .call("_raw_spin_unlock", "jiffies_lock")
                        .raw(0xfb)),
                List.of("lock order detected", end)));
        all.add(one(
                "lockdep-bad-unlock",
                LOCKDEP,
                "",
                code -> code.call("_raw_spin_unlock", "unix_gc_lock"),
                "bad unlock balance",
                end));
        all.add(one(
                "lockdep-held-to-user",
                LOCKDEP,
                "",
                code -> code.call("mutex_lock_nested", "text_mutex", 0),
                "returning to user space",
                "meminfo_proc_show"));
        all.add(one(
                "lockdep-wait-context",
                LOCKDEP,
                "",
                code -> code.raw(0xfa)
                        .call("_raw_spin_lock", "jiffies_lock")
                        .call("_raw_spin_lock", "unix_gc_lock")
                        .call("_raw_spin_unlock", "unix_gc_lock")
                        .call("_raw_spin_unlock", "jiffies_lock")
                        .raw(0xfb),
                "Invalid wait context",
                end));
        all.add(one(
                "sleeping-in-atomic",
                LOCKDEP,
                "",
                code -> code.call("_raw_spin_lock", "unix_gc_lock").call("__might_sleep", "linux_banner", 42),
                "sleeping function",
                end));
        all.add(one("schedule-atomic-lockdep", LOCKDEP, "", GoldenRecorder::scheduleUnderGlobalLock, traced, end));
        all.add(one(
                "rcu-usage",
                LOCKDEP,
                "",
                code -> code.call("find_task_by_pid_ns", 1, "init_pid_ns"),
                "suspicious RCU usage",
                end));
        all.add(one(
                "lockdep-non-static-key",
                LOCKDEP,
                "",
                code -> code.callWithZeroes("_raw_spin_lock", 128),
                "non-static key",
                end));
        all.add(one(
                "preemptible-processor-id",
                LOCKDEP,
                "",
                code -> code.call("debug_smp_processor_id"),
                "preemptible",
                end));
        all.add(one(
                "debug-objects",
                LOCKDEP,
                "",
                code -> code.call("call_rcu", "unix_gc_lock", "mutex_is_locked")
                        .call("call_rcu", "unix_gc_lock", "mutex_is_locked"),
                "ODEBUG",
                "---[ end trace"));
        return all;
    }

    private static Sabotage scheduleUnderLock(Sabotage code) {
        return code.callWithZeroes("_raw_spin_lock", 16).call("schedule");
    }

    private static Sabotage scheduleUnderGlobalLock(Sabotage code) {
        return code.call("_raw_spin_lock", "unix_gc_lock").call("schedule");
    }

    private static Sabotage sleepUnderMutex(Sabotage code) {
        return code.call("mutex_lock", "text_mutex").call("schedule_timeout_uninterruptible", 1 << 24);
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void record(Scenario scenario, @TempDir Path folder) throws Exception {
        Cache cache = Cache.standard();
        Kernel kernel = new Kernels(cache).resolve(KernelSpec.parse(scenario.kernel()), Progress.NONE);
        MachineFactory host = MachineFactory.open(cache, Optional.of(Accelerator.TCG));
        List<String> boot =
                scenario.boot().isEmpty() ? List.of() : List.of(scenario.boot().split(" "));
        Path ram = folder.resolve("ram");
        StringBuffer text = new StringBuffer();
        try (Guest guest = host.bootIn(
                        ram,
                        host.config(kernel, Accelerator.TCG, 2, 256, boot),
                        folder.resolve("console.log"),
                        Progress.NONE)
                .guest()) {
            Map<String, Long> symbols = symbols(kernel, guest);
            guest.beginExperiment(
                    UUID.randomUUID().toString(),
                    (buffer, offset, length) ->
                            text.append(new String(buffer, offset, length, StandardCharsets.ISO_8859_1)));
            scenario.meminfo().of(new Sabotage(symbols)).over("meminfo_proc_show", ram);
            guest.spawn(1, LinuxProgram.READ_MEMINFO.in(guest));
            if (scenario.stat().isPresent()) {
                guest.awaitBeats();
                scenario.stat().get().of(new Sabotage(symbols)).over("show_stat", ram);
                guest.spawn(0, LinuxProgram.READ_STAT.in(guest));
            }
            await(guest, text, scenario.until());
        }
        Path log = folder(scenario.name() + ".log");
        Files.writeString(log, text.toString().replace("\r", ""), StandardCharsets.ISO_8859_1);
        assertThat(scenario.until())
                .as("shown in " + log)
                .allSatisfy(needed -> assertThat(text.toString()).contains(needed));
    }

    /** What a program reads from its own stream after a resilient lock refused it, of the newest kernels. */
    @Test
    void recordStream(@TempDir Path folder) throws Exception {
        Cache cache = Cache.standard();
        Kernel kernel = new Kernels(cache).resolve(KernelSpec.parse(NEW), Progress.NONE);
        MachineFactory host = MachineFactory.open(cache, Optional.of(Accelerator.TCG));
        KernelInfo facts = KernelInfo.of(kernel, host, cache, Progress.NONE);
        Path source = Path.of("../../reproducers/lock/res_spin_lock_aa.bpf.c");
        byte[] object = BpfCompiler.find().compile(source, List.of(source.getParent(), facts.headers()), PATIENCE);
        try (Guest guest = host.boot(
                        host.config(kernel, Accelerator.TCG, 2, 256, List.of()),
                        folder.resolve("console.log"),
                        Progress.NONE)
                .guest()) {
            BpfObject bpf = BpfObject.load(guest, BpfObjectFile.parse("res_spin_lock_aa", object));
            bpf.program("take_two").runOn(0);
            String stream = bpf.program("take_two").stream(BpfStream.STDERR);
            assertThat(stream).contains("deadlock detected");
            Files.writeString(folder("rqspinlock-7.3.log"), stream);
        }
    }

    private static Path folder(String name) {
        return Path.of(System.getProperty("ksplat.golden.record")).resolve(name);
    }

    private static void await(Guest guest, StringBuffer text, List<String> until) throws IOException {
        Deadline deadline = Deadline.in(PATIENCE);
        while (!deadline.expired() && !until.stream().allMatch(needed -> text.indexOf(needed) >= 0)) {
            Poll.pause();
        }
        Deadline last = Deadline.in(LAST_WORDS);
        while (!last.expired() && System.nanoTime() - guest.vm().console().lastByteNanos() < QUIET.toNanos()) {
            Poll.pause();
        }
    }

    /** With data: from the kernel's own table, or from the file with its debugging information where the table holds functions alone. */
    private static Map<String, Long> symbols(Kernel kernel, Guest guest) throws IOException, InterruptedException {
        String table = new String(guest.agent().readFile("/proc/kallsyms"), StandardCharsets.ISO_8859_1);
        if (kernel.debugVmlinux().isPresent()) {
            Process nm = new ProcessBuilder("nm", kernel.debugVmlinux().get().toString()).start();
            table = new String(nm.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(nm.waitFor()).as("nm's exit code").isZero();
        }
        Map<String, Long> symbols = new HashMap<>();
        for (String line : table.split("\n", -1)) {
            String[] words = line.split("[ \t]", -1);
            if (words.length == 3) {
                symbols.putIfAbsent(words[2], Long.parseUnsignedLong(words[0], 16));
            }
        }
        return symbols;
    }
}
