// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Lets the n-th system call of a kind fail, once in each thread of ksplat and of what it starts, QEMU too. The right
 * verdict of the run is CLEAN. There may be none, and a JVM or a QEMU may die of it; a wrong one there may not be.
 */
@Tag("machine")
@Tag("network")
@Tag("long")
class SyscallFaultsTest {
    private static final int[] CALLS = {1, 4, 20, 90};

    /** Of which calls: all, or those that somebody asks for. */
    private static final Pattern WANTED = Pattern.compile(System.getProperty("ksplat.faults.calls", ".*"));

    /** A class of system calls each, with the error that a host in trouble gives. */
    private static final Map<String, List<String>> ERRORS = Map.ofEntries(
            Map.entry("openat", List.of("EMFILE", "EIO")),
            Map.entry("read", List.of("EIO")),
            Map.entry("write", List.of("ENOSPC", "EIO")),
            Map.entry("pread64", List.of("EIO")),
            Map.entry("mmap", List.of("ENOMEM")),
            Map.entry("mprotect", List.of("ENOMEM")),
            Map.entry("clone3", List.of("EAGAIN")),
            Map.entry("clone", List.of("EAGAIN")),
            Map.entry("execve", List.of("ENOMEM")),
            Map.entry("newfstatat", List.of("EIO")),
            Map.entry("rename", List.of("ENOSPC")),
            Map.entry("unlink", List.of("EIO")),
            Map.entry("mkdir", List.of("ENOSPC")),
            Map.entry("poll", List.of("EINTR")),
            Map.entry("ppoll", List.of("EINTR")),
            Map.entry("recvmsg", List.of("EIO")),
            Map.entry("sendmsg", List.of("EPIPE")),
            Map.entry("socket", List.of("EMFILE")),
            Map.entry("pipe2", List.of("EMFILE")),
            Map.entry("ftruncate", List.of("ENOSPC")),
            Map.entry("flock", List.of("EIO")),
            Map.entry("getdents64", List.of("EIO")),
            Map.entry("memfd_create", List.of("ENOMEM")),
            Map.entry("eventfd2", List.of("EMFILE")),
            Map.entry("wait4", List.of("ECHILD")));

    @TempDir
    Path folder;

    record Fault(String call, String error, int number) {
        @Override
        public String toString() {
            return call + " " + number + ": " + error;
        }

        /** Java hears of no end then, and each process is waited for until its deadline: minutes together. */
        private boolean losesItsChildren() {
            return call.equals("wait4") && number == 1;
        }

        private List<String> command(StressTools tools, Path trace) {
            List<String> words = new ArrayList<>(tools.command("strace"));
            // The tool's libraries are not ksplat's.
            words.addAll(List.of("-f", "-qq", "-E", "LD_LIBRARY_PATH", "-o", trace.toString()));
            words.addAll(List.of("-e", "trace=" + call));
            words.addAll(List.of("-e", "inject=" + call + ":error=" + error + ":when=" + number));
            return words;
        }
    }

    static Stream<Fault> faults() {
        return ERRORS.entrySet().stream()
                .filter(call -> WANTED.matcher(call.getKey()).matches())
                .sorted(Map.Entry.comparingByKey())
                .flatMap(call -> call.getValue().stream()
                        .flatMap(error ->
                                IntStream.of(CALLS).mapToObj(number -> new Fault(call.getKey(), error, number))))
                .filter(fault -> !fault.losesItsChildren());
    }

    @ParameterizedTest
    @MethodSource("faults")
    void neverAWrongVerdict(Fault fault) throws Exception {
        Path trace = folder.resolve("trace");
        StressTools tools = StressTools.find(Files.createDirectory(folder.resolve("tools")));
        Ksplat ksplat = Ksplat.under(folder, fault.command(tools, trace), Map.of(), "run", "nmi-cpumask-kptr");

        String said = ksplat.out() + ksplat.err();
        String outcome = ksplat.outcome("nmi-cpumask-kptr");
        System.out.println("| " + fault + " | " + injected(trace) + " | " + outcome + " | " + ksplat.exit() + " |");
        assertThat(outcome).as(said).isIn("CLEAN", "INCONCLUSIVE", "ERROR", "none");
        if (ksplat.exit() == 0) {
            assertThat(outcome).as(said).isEqualTo("CLEAN");
        }
        if (fault.call().equals("unlink")) {
            // The file that could not be removed is there.
            ksplat.assertNothingRuns();
        } else {
            ksplat.assertNothingLeft();
        }
    }

    private static long injected(Path trace) throws IOException {
        try (Stream<String> lines = Files.lines(trace)) {
            return lines.filter(line -> line.endsWith("(INJECTED)")).count();
        }
    }
}
