// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.kernel.KernelRange;
import io.ksplat.kernel.internal.image.KernelConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a test of LTP says of itself in its {@code struct tst_test} (doc/developers/api_c_tests.rst there).
 *
 * @param leastVersion of the kernel: {@code .min_kver}
 * @param kconfigs conditions of {@link KconfigExpression}: {@code .needs_kconfigs}
 * @param cpus at least: {@code .min_cpus}; 0: nothing is said
 * @param memoryMiB that must be available: {@code .min_mem_avail}; 0: nothing is said
 * @param swapMiB that must be free: {@code .min_swap_avail}; 0: nothing is said
 * @param root whether it is for root: {@code .needs_root}
 * @param drivers modules, or what is built in: {@code .needs_drivers}
 * @param commands of the path: {@code .needs_cmds}
 * @param architectures empty: any; {@code .supported_archs}
 * @param tags in words: {@code linux-git 43a6684519ab} or {@code CVE-2017-2671}; {@code .tags}
 * @param longest how long it may take: {@code .timeout}, {@code .runtime} or {@code .max_runtime}
 * @param unread fields whose values are no literals
 */
record LtpTest(
        Optional<String> leastVersion,
        List<String> kconfigs,
        int cpus,
        int memoryMiB,
        int swapMiB,
        boolean root,
        List<String> drivers,
        List<String> commands,
        List<String> architectures,
        List<String> tags,
        Optional<Duration> longest,
        List<String> unread) {
    /** The exit status of a test that cannot run (include/tst_res_flags.h). */
    static final int TCONF = 32;

    /** What the kernel, the agent and the test itself take beside the memory that must be available. */
    private static final int BESIDE_MIB = 160;

    /** The kernel has a page structure for each page, and more. */
    private static final int SHARE = 16;

    private static final List<String> NUMBERS = List.of("min_cpus", "min_mem_avail", "min_swap_avail", "needs_root");
    private static final List<String> LISTS =
            List.of("needs_kconfigs", "needs_drivers", "needs_cmds", "supported_archs");

    /** Returns what a test that cannot run said last of it: {@code foo.c:12: TCONF: ...}. */
    static String whyUnfit(String stderr) {
        return stderr.lines()
                .filter(line -> line.contains("TCONF"))
                .reduce((first, last) -> last)
                .map(line -> line.strip().replaceAll("\\e\\[[0-9;]*m", ""))
                .orElse("exit status " + TCONF + " (TCONF)");
    }

    LtpTest {
        kconfigs = List.copyOf(kconfigs);
        drivers = List.copyOf(drivers);
        commands = List.copyOf(commands);
        architectures = List.copyOf(architectures);
        tags = List.copyOf(tags);
        unread = List.copyOf(unread);
    }

    /** Returns what a source says; empty if it is no test of LTP. */
    static Optional<LtpTest> read(String source) {
        return LtpSource.of(source).map(LtpTest::of);
    }

    private static LtpTest of(LtpSource source) {
        List<String> unread = new ArrayList<>();
        NUMBERS.stream()
                .filter(field -> source.has(field) && source.number(field).isEmpty())
                .forEach(unread::add);
        LISTS.stream()
                .filter(field -> source.has(field)
                        && source.entries(field).stream()
                                .allMatch(entry -> strings(entry).isEmpty()))
                .forEach(unread::add);
        List<String> versions = strings(source.text("min_kver"));
        if (source.has("min_kver") && versions.isEmpty()) {
            unread.add("min_kver");
        }
        int seconds = List.of("timeout", "runtime", "max_runtime").stream()
                .mapToInt(field -> source.number(field).orElse(0))
                .sum();
        return new LtpTest(
                versions.stream().findFirst(),
                texts(source, "needs_kconfigs"),
                source.number("min_cpus").orElse(0),
                source.number("min_mem_avail").orElse(0),
                source.number("min_swap_avail").orElse(0),
                source.number("needs_root").orElse(0) != 0,
                texts(source, "needs_drivers"),
                source.entries("needs_cmds").stream()
                        .filter(entry -> !entry.matches("(?s).*\\.optional\\s*=\\s*1.*"))
                        .flatMap(entry -> strings(entry).stream())
                        // A version may stand behind it.
                        .map(command -> command.replaceFirst("\\s.*", ""))
                        .distinct()
                        .toList(),
                texts(source, "supported_archs"),
                source.entries("tags").stream()
                        .map(LtpTest::tag)
                        .filter(tag -> !tag.isEmpty())
                        .toList(),
                seconds == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(seconds)),
                unread);
    }

    private static List<String> strings(String text) {
        return LtpSource.strings(text);
    }

    private static List<String> texts(LtpSource source, String field) {
        return source.entries(field).stream()
                .flatMap(entry -> strings(entry).stream())
                .toList();
    }

    private static String tag(String entry) {
        List<String> both = strings(entry);
        if (both.size() != 2) {
            return "";
        }
        return both.get(0) + (both.get(0).equals("CVE") ? "-" : " ") + both.get(1);
    }

    /** Returns the memory of a machine in which it finds what must be available, in MiB. */
    int machineMiB() {
        return memoryMiB == 0 ? 0 : memoryMiB + memoryMiB / SHARE + BESIDE_MIB;
    }

    /**
     * Returns what a machine does not have that it needs, in one line.
     *
     * @param architecture as {@code uname -m} prints it
     * @param isRoot whether root runs it
     */
    Optional<String> lackingOf(MachineNeeds machine, String architecture, boolean isRoot) {
        if (!architectures.isEmpty() && !architectures.contains(architecture)) {
            return Optional.of("the test is for " + String.join(", ", architectures)
                    + " (.supported_archs), and the machine is " + architecture);
        }
        if (root && !isRoot) {
            return Optional.of("the test needs root (.needs_root), and another user is to run it: leave user out");
        }
        if (machine.cpus() < cpus) {
            return Optional.of("the test needs " + cpus + " CPUs (.min_cpus), and the machine has " + machine.cpus());
        }
        if (machine.memoryMiB() <= memoryMiB) {
            return Optional.of("the test needs " + memoryMiB
                    + " MiB of memory that are available (.min_mem_avail), and the machine has " + machine.memoryMiB()
                    + " MiB in all");
        }
        if (swapMiB > 0) {
            return Optional.of("the test needs " + swapMiB
                    + " MiB of swap (.min_swap_avail), and machines have none: have a script make it on a disk");
        }
        return commands.isEmpty() || machine.root().isPresent()
                ? Optional.empty()
                : Optional.of("the test needs the commands " + String.join(", ", commands)
                        + " (.needs_cmds): name a root file system that has them (root=debian+PACKAGE)");
    }

    /**
     * Returns what a kernel does not have that it needs, in one line.
     *
     * @param version of its upstream sources
     * @param config empty if that is not known
     * @throws IllegalArgumentException in one line, if what it needs makes no sense
     */
    Optional<String> lackingIn(String version, Optional<KernelConfig> config) {
        if (leastVersion.isPresent()
                && !KernelRange.parse("[" + leastVersion.get() + ",)").contains(version)) {
            return Optional.of("the test needs Linux " + leastVersion.get() + " (.min_kver), and this is " + version);
        }
        return config.flatMap(known -> kconfigs.stream()
                .filter(condition -> !KconfigExpression.holds(condition, known))
                .findFirst()
                .map(condition -> "the test needs " + condition + " (.needs_kconfigs), and of this kernel "
                        + KconfigExpression.found(condition, known)));
    }

    /** Returns facts about it for people. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (!tags.isEmpty()) {
            notes.add("the test is tagged " + String.join(", ", tags));
        }
        if (!unread.isEmpty()) {
            notes.add(
                    "ksplat could not read ." + String.join(", .", unread) + " of the test, which checks that itself");
        }
        return notes;
    }
}
