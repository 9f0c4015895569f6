// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.EngineRunner;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.SelftestFile;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Annotated files on real kernels. */
@Tag("machine")
@Timeout(600)
class SelftestRunTest {
    @TempDir
    Path folder;

    @BeforeEach
    void copies() throws IOException {
        for (String name : List.of("annotate.h", "cases.bpf.c", "lacking.bpf.c", "wrong.bpf.c")) {
            try (InputStream in = SelftestRunTest.class.getResourceAsStream(name)) {
                assertThat(in).as(name).isNotNull();
                Files.copy(in, folder.resolve(name));
            }
        }
    }

    private Map<String, RunRecord> run(String kernel, Catalogue.Entry... entries) throws Exception {
        List<RunRecord> records = new ArrayList<>();
        RunSettings settings = RunSettings.of(kernel).reportedIn(folder.resolve("report"));
        try (Session session = Session.open(SessionOptions.standard(Progress.NONE));
                EngineRunner runner = new EngineRunner()) {
            for (Catalogue.Entry entry : entries) {
                records.addAll(
                        runner.run(new RunRequest(session, entry, settings)).records());
            }
        }
        return records.stream()
                .collect(Collectors.toMap(run -> run.reproducer().replaceFirst(".*/", ""), Function.identity()));
    }

    private SelftestFile file(String name, String text) throws IOException {
        return new SelftestFile(Files.writeString(folder.resolve(name), text));
    }

    private SelftestFile spelt(String name, int spelling) throws IOException {
        return file("spelt" + spelling + ".c", "#define SPELLING " + spelling + "\n#include \"" + name + "\"\n");
    }

    private static void assertTrue(Map<String, RunRecord> runs) {
        assertThat(runs)
                .containsOnlyKeys(
                        "packet_length",
                        "reads_a_number",
                        "messages_in_order",
                        "returns_a_pointer",
                        "returns_a_pointer@unpriv",
                        "is_rewritten_to_itself",
                        "of_another_machine",
                        "without_annotations");
        runs.forEach((name, run) -> assertThat(run.asExpected())
                .as("%s: %s %s %s", name, run.verdict(), run.mismatch(), run.message())
                .isTrue());
        assertThat(runs.values().stream()
                        .filter(run -> run.verdict() == Verdict.CLEAN)
                        .map(run -> run.reproducer().replaceFirst(".*/", "")))
                .containsExactlyInAnyOrder(
                        "packet_length", "returns_a_pointer", "is_rewritten_to_itself", "without_annotations");
        assertThat(runs.get("reads_a_number").controls())
                .as("an answer is waited for, and nothing after it")
                .isNotEmpty()
                .allMatch(Control::passed);
        assertThat(runs.get("of_another_machine").verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(runs.get("of_another_machine").message())
                .hasValueSatisfying(why -> assertThat(why).contains("ARM64"));
    }

    @Test
    void whatIsTrueIsAsExpected() throws Exception {
        assertTrue(run("debian:7.2", spelt("cases.bpf.c", 2).entry()));
        // A report shows the line that the verifier refused; of what is CLEAN there is none to show.
        assertThat(kept("spelt2+reads_a_number")).containsExactlyInAnyOrder("spelt2.c", "cases.bpf.c");
        assertThat(kept("spelt2+packet_length")).isEmpty();
    }

    /** Returns the names of the BPF C in the folder of a run. */
    private List<String> kept(String reproducer) throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("report").resolve(reproducer))) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".c"))
                    .toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"debian:7.2,0", "debian:7.2,1", "debian:6.12,0", "debian:6.12,1", "debian:6.12,2", "debian:6.1,2"})
    @Tag("full")
    void whatIsTrueIsAsExpectedInEverySpellingOnEveryKernel(String kernel, int spelling) throws Exception {
        assertTrue(run(kernel, spelt("cases.bpf.c", spelling).entry()));
    }

    @Test
    void whatIsWrongIsNotAsExpected() throws Exception {
        SelftestFile wrong = spelt("wrong.bpf.c", 2);
        Map<String, RunRecord> runs = run(
                "debian:7.2",
                wrong.entry("returns_something_else"),
                wrong.entry("is_refused_for_another_reason"),
                wrong.entry("has_an_unknown_annotation"),
                wrong.entry("is_misspelt"));
        runs.forEach((name, run) -> assertThat(run.asExpected()).as(name).isFalse());
        assertThat(runs.get("returns_something_else").message())
                .contains("the program returned 3, and was to return 4");
        assertThat(runs.get("is_refused_for_another_reason").mismatch())
                .contains("the verifier's log was to have \"a reason that no verifier gives\", and has it not");
        assertThat(runs.get("has_an_unknown_annotation").verdict()).isEqualTo(Verdict.ERROR);
        assertThat(runs.get("is_misspelt").message())
                .hasValueSatisfying(why -> assertThat(why).contains("there is no case is_misspelt"));
    }

    private static String compiled(String name, String... lines) {
        String jited =
                Stream.of(lines).map(line -> " __jited(\"" + line + "\")").collect(Collectors.joining());
        return "SEC(\"socket\") __success __arch_x86_64" + jited + "\n__attribute__((naked)) int " + name
                + "(void)\n{\n\tasm volatile(\"call 7; if r0 == 0 goto +2; r0 = 0x1234; exit; r0 = 7; exit;\");\n}\n";
    }

    /** What no kernel has changed of it: the frame, the numbers, the jump, the end. */
    @Test
    void theMachineCodeIsCompared() throws Exception {
        String jump = "\\tje\\tL1";
        String number = "\\tmovl\\t$0x1234, %eax";
        String end = "L0:\\tleave";
        Map<String, RunRecord> runs = run(
                "debian:7.2",
                file(
                                "compiled.bpf.c",
                                "#define SPELLING 2\n#include \"annotate.h\"\n"
                                        + "char _license[] SEC(\"license\") = \"GPL\";\n"
                                        + compiled(
                                                "as_it_is",
                                                "\\tpushq\\t%rbp",
                                                "\\tmovq\\t%rsp, %rbp",
                                                "...",
                                                "\\tcallq\\t0x{{.*}}",
                                                "\\ttestq\\t%rax, %rax",
                                                jump,
                                                number,
                                                end,
                                                "\\t{{(retq|jmp\\t0x)}}",
                                                "...",
                                                "L1:\\tmovl\\t$0x7, %eax",
                                                "\\tjmp\\tL0")
                                        + compiled("another_number", "\\tmovl\\t$0x1235, %eax")
                                        + compiled("another_order", number, "...", jump)
                                        + compiled("not_the_next_line", jump, end)
                                        + compiled("another_label", "L1:\\tleave")
                                        + compiled("no_such_end", end, "\\tpopq\\t%rbp"))
                        .entry());
        RunRecord asItIs = runs.remove("as_it_is");
        assertThat(asItIs.message()).isEmpty();
        assertThat(asItIs.verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(runs).hasSize(5);
        runs.forEach((name, run) -> {
            assertThat(run.verdict()).as(name).isEqualTo(Verdict.INCONCLUSIVE);
            assertThat(run.message())
                    .as(name)
                    .hasValueSatisfying(why -> assertThat(why).startsWith("the program's machine code was to have"));
        });
    }

    @Test
    void aKfuncThatIsLackingConcernsItsCallersAlone() throws Exception {
        Map<String, RunRecord> runs =
                run("debian:7.2", spelt("lacking.bpf.c", 2).entry());
        assertThat(runs.get("calls_nothing").verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(runs.get("is_refused_before").verdict()).isEqualTo(Verdict.REJECTED);
        assertThat(runs.get("is_refused_before").asExpected()).isTrue();
        for (String caller : List.of("calls_it", "is_to_be_refused_and_calls_it")) {
            assertThat(runs.get(caller).verdict()).as(caller).isEqualTo(Verdict.UNSUPPORTED);
            assertThat(runs.get(caller).asExpected()).as(caller).isTrue();
            assertThat(runs.get(caller).message())
                    .hasValueSatisfying(why -> assertThat(why).contains("bpf_kfunc_of_tomorrow"));
        }
    }

    @Test
    @Tag("full")
    void everythingWrongIsNotAsExpected() throws Exception {
        Map<String, RunRecord> runs = run("debian:7.2", spelt("wrong.bpf.c", 2).entry());
        assertThat(runs).hasSize(9);
        runs.forEach((name, run) -> assertThat(run.asExpected()).as(name).isFalse());
        assertThat(runs.get("is_not_refused").verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(runs.get("is_refused").verdict()).isEqualTo(Verdict.REJECTED);
        assertThat(runs.get("needs_privilege@unpriv").verdict()).isEqualTo(Verdict.REJECTED);
        assertThat(runs.get("returns_something_else").notes())
                .as("an answer counts only of a machine of its own")
                .noneMatch(note -> note.startsWith("repeated alone"));
        assertThat(runs.get("is_refused_in_another_order").notes()).anyMatch(note -> note.startsWith("repeated alone"));
    }

    @Test
    @Tag("full")
    void fiftyMutatedExpectationsAreNotAsExpected() throws Exception {
        SelftestFile mutated = file("mutated.c", Mutations.source());
        Map<String, RunRecord> runs = run("debian:7.2", mutated.entry());
        assertThat(runs).hasSize(Mutations.COUNT);
        assertThat(runs.values().stream().filter(RunRecord::asExpected).map(RunRecord::reproducer))
                .isEmpty();
        assertThat(runs.values())
                .allMatch(run -> run.verdict() != Verdict.ERROR && run.verdict() != Verdict.UNSUPPORTED);
    }

    @Test
    @Tag("full")
    void whatAMutationLeavesAsItIsIsAsExpected() throws Exception {
        Map<String, RunRecord> runs =
                run("debian:7.2", file("unmutated.c", Mutations.unmutated()).entry());
        assertThat(runs).hasSize(4);
        runs.forEach((name, run) -> assertThat(run.asExpected())
                .as("%s: %s %s %s", name, run.verdict(), run.mismatch(), run.message())
                .isTrue());
    }

    @Test
    @Tag("full")
    void whatDoesNotCompileIsSaid() throws Exception {
        RunRecord missing = run(
                        "debian:7.2",
                        file(
                                        "missing.c",
                                        "#include \"vmlinux.h\"\n__attribute__((section(\"tc\"))) int f(void) { bpf_of_tomorrow(); return 0; }\n")
                                .entry())
                .get("missing");
        assertThat(missing.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(missing.message()).hasValueSatisfying(why -> assertThat(why).contains("bpf_of_tomorrow"));
        RunRecord broken = run(
                        "debian:7.2",
                        file("broken.c", "int f(void) { return }\n").entry())
                .get("broken");
        assertThat(broken.verdict()).isEqualTo(Verdict.ERROR);
        assertThat(broken.message())
                .hasValueSatisfying(why -> assertThat(why).contains("broken.c:1: expected expression"));
    }
}
