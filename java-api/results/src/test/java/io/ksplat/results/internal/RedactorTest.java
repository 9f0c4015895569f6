// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.ProgramRecord;
import io.ksplat.results.RunRecord;
import io.ksplat.results.TimelineEvent;
import io.ksplat.results.ToolRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactorTest {
    private static final Redactor REDACTOR = new Redactor(
            List.of(Path.of("/home/alice/work/out/ksplat-report"), Path.of("/home/alice/work")),
            Path.of("/home/alice"),
            "alice",
            "build7.lab.example",
            Set.of("SECRET", "http_proxy")::contains);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    the verifier's whole log: /home/alice/work/out/ksplat-report/a/7.2/1/verifier.log | the verifier's whole log: a/7.2/1/verifier.log
                    seen again (/home/alice/work/out/ksplat-report/a+b/7.2/1/confirmation) | seen again (a+b/7.2/1/confirmation)
                    /home/alice/work/out/ksplat-report | .
                    /home/alice/work/out/ksplat-report-2/x | out/ksplat-report-2/x
                    /home/alice/work/Mine.java | Mine.java
                    --report=/home/alice/work | --report=.
                    -I/home/alice/work/include | -Iinclude
                    -I/home/alice/include | -I~/include
                    /home/alice/.cache/ksplat/x: no such file | ~/.cache/ksplat/x: no such file
                    /home/bob/linux | ~/linux
                    /root/linux | ~/linux
                    '/scratch/alice/linux/vmlinux' is no ELF file | '.../vmlinux' is no ELF file
                    file:/mnt/alice/bzImage | file:.../bzImage
                    tree:/srv/alice/linux@v6.1+lockdep | tree:.../linux@v6.1+lockdep
                    /tmp/junit-1/../x/ | .../
                    ran on build7.lab.example | ran on HOST
                    ran on build7, | ran on HOST,
                    alice@build7: denied | USER@HOST: denied
                    user alice is not in the group kvm | user USER is not in the group kvm
                    SECRET=hunter2 http_proxy=http://alice:pw@proxy:3128 make | [environment] [environment] make
                    """)
    void removesWhatTellsOfTheHost(String text, String shown) {
        assertThat(REDACTOR.text(text)).isEqualTo(shown);
        assertThat(REDACTOR.text(shown)).as("again").isEqualTo(shown);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "storm of 100/s, jitter 0.5, seed 7",
                "NMI on CPU 0 at rcu_cblist_enqueue+0x0, interrupting kworker/0:1/42",
                "call_rcu at kernel/rcu/tree.c:3150",
                "/proc/kallsyms and /sys/kernel/btf/vmlinux are empty",
                "qemu-system-x86_64: not found in /usr/bin",
                "https://example.org/a/b",
                "debian:6.12/amd64 has no bpf_res_spin_lock",
                "CONFIG_PROVE_LOCKING=y, 3 / 4, //, /",
                "build7a and malice-alicex stay"
            })
    void leavesTheRest(String text) {
        assertThat(REDACTOR.text(text)).isEqualTo(text);
    }

    /** Else every "debian:7.2" of a report written on a host of that name becomes another kernel. */
    @Test
    void leavesNamesThatAreWordsOfEveryReport() {
        Redactor common = new Redactor(List.of(Path.of("/")), Path.of("/root"), "root", "debian", name -> false);
        assertThat(common.text("debian:7.2 as root in /root/x: 5/root")).isEqualTo("debian:7.2 as root in ~/x: 5/root");
        Redactor shortNames = new Redactor(List.of(Path.of("")), Path.of("/"), "max", "bpf", name -> false);
        assertThat(shortNames.text("-cpu max, kernel/bpf/verifier.c, bpf"))
                .isEqualTo("-cpu max, kernel/bpf/verifier.c, bpf");
    }

    @Test
    void readsEveryTextOfARecordThatKsplatWrote() {
        String hostile = "/home/alice/x alice@build7 SECRET=hunter2";
        String shown = "~/x USER@HOST [environment]";
        Frame frame = new Frame(
                "f",
                OptionalLong.empty(),
                Optional.of("/home/alice/linux/kernel/fork.c"),
                OptionalInt.of(1),
                false,
                true);
        Evidence evidence = Runs.deadlock("d").with(List.of(new Stack(OptionalInt.empty(), "task", List.of(frame))));
        RunRecord run = RunRecord.of("a", Runs.KERNEL, 1)
                .target(hostile)
                .verdict(Verdict.CRASH)
                .mismatch(hostile)
                .because(hostile)
                .message(hostile)
                .evidence(List.of(evidence))
                .nmis(List.of(NmiRecord.of(hostile)))
                .timeline(List.of(new TimelineEvent(1, OptionalInt.empty(), "nmi", hostile)))
                .notes(List.of(hostile))
                .program(new ProgramRecord(OptionalInt.of(0), OptionalInt.empty(), "on build7", "as alice"))
                .tool(new ToolRecord("1", List.of(hostile), OptionalLong.empty()))
                .build();
        RunRecord redacted = REDACTOR.record(run);
        assertThat(redacted.toString())
                .doesNotContain("alice", "build7", "hunter2", "/home")
                .contains(shown);
        assertThat(redacted.notes()).containsExactly(shown);
        assertThat(redacted.tool().orElseThrow().arguments()).containsExactly(shown);
        assertThat(redacted.evidence().get(0).stacks().get(0).frames().get(0).file())
                .contains("~/linux/kernel/fork.c");
        assertThat(REDACTOR.record(redacted)).isEqualTo(redacted);
    }

    @Test
    void endsSoonOnTextOfAnyLength() {
        String slashes = "/a".repeat(200_000);
        assertThat(REDACTOR.text(slashes)).isEqualTo(".../a");
        assertThat(REDACTOR.text("/" + "x".repeat(400_000))).hasSize(400_001);
    }
}
