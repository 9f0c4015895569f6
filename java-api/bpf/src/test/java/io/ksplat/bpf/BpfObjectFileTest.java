// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ksplat.kernel.internal.Elf;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpfObjectFileTest {
    private static byte[] bytes;
    private static BpfObjectFile sample;

    @BeforeAll
    static void compile() throws Exception {
        bytes = Fixtures.compiled("sample.bpf.c");
        sample = BpfObjectFile.parse("sample.bpf.o", bytes);
    }

    @Test
    void programsCarryWhatLibbpfInfersFromTheirSections() {
        assertThat(sample.programs())
                .containsExactlyInAnyOrder(
                        new BpfProgramInfo(
                                "on_nmi",
                                "tp_btf/nmi_handler",
                                "tracing",
                                "trace_raw_tp",
                                Optional.of("nmi_handler"),
                                true),
                        new BpfProgramInfo(
                                "stash_task", "syscall", "syscall", "cgroup_inet_ingress", Optional.empty(), false),
                        new BpfProgramInfo(
                                "on_exit",
                                "kprobe/do_exit",
                                "kprobe",
                                "cgroup_inet_ingress",
                                Optional.of("do_exit"),
                                true));
    }

    @Test
    void mapsOfTheSourceAndOfTheDataSectionsAreThere() {
        BtfType.Int u32 = new BtfType.Int("unsigned int", 4, false);
        assertThat(sample.map("slots"))
                .isEqualTo(new BpfMapInfo(
                        "slots",
                        "hash",
                        4,
                        8,
                        16,
                        false,
                        Optional.of(u32),
                        Optional.of(new BtfType.Struct(
                                "slot",
                                8,
                                false,
                                List.of(new BtfType.Member("task", 0, 0, new BtfType.Ptr("struct task_struct", 8)))))));
        assertThat(sample.maps().stream().filter(BpfMapInfo::dataSection).map(BpfMapInfo::name))
                .containsExactlyInAnyOrder(".bss", ".data", ".rodata", ".data.mine");
    }

    @Test
    void globalsLieWhereTheSectionsMapHasThem() throws Exception {
        assertThat(sample.global("dropped").section()).isEqualTo(".bss");
        assertThat(sample.global("target_pid").section()).isEqualTo(".data");
        assertThat(sample.global("verbose").section()).isEqualTo(".rodata");
        assertThat(sample.global("own").section()).isEqualTo(".data.mine");
        assertThat(sample.globals()).extracting(GlobalVariable::name).contains("hidden");
        for (GlobalVariable global : sample.globals()) {
            assertThat(global.size()).as(global.name()).isEqualTo(global.type().size());
            assertThat(global.offset() + global.size())
                    .as(global.name())
                    .isLessThanOrEqualTo(sample.map(global.section()).valueSize());
        }
        byte[] data = Elf.of(bytes).orElseThrow().section(".data").orElseThrow();
        assertThat(data[sample.global("target_pid").offset()]).isEqualTo((byte) 7);
        assertThat(data[sample.global("phase").offset()]).isEqualTo((byte) 5);
    }

    @Test
    void typesOfGlobalsAreResolved() {
        assertThat(sample.global("dropped").type()).isEqualTo(new BtfType.Int("unsigned long long", 8, false));
        assertThat(sample.global("target_pid").type()).isEqualTo(new BtfType.Int("int", 4, true));
        assertThat(sample.global("verbose").type()).isEqualTo(new BtfType.Bool(1));
        assertThat(sample.global("label").type()).isEqualTo(new BtfType.Array(new BtfType.Char(1, true), 8));
        assertThat(sample.global("phase").type()).isInstanceOfSatisfying(BtfType.Enumeration.class, phase -> {
            assertThat(phase.values()).containsEntry("PHASE_EARLY", -1L).containsEntry("PHASE_LATE", 5L);
            assertThat(phase.signed()).isTrue();
        });
    }

    @Test
    void structsTellTheirMembersThroughAnonymousUnions() {
        BtfType.Struct tally = (BtfType.Struct) sample.global("tally").type();

        assertThat(tally.member("wide").orElseThrow().offset()).isEqualTo(8);
        assertThat(tally.member("low").orElseThrow().type()).isEqualTo(new BtfType.Int("unsigned int", 4, false));
        assertThat(tally.member("owner").orElseThrow().type()).isEqualTo(new BtfType.Ptr("struct task_struct", 8));
        assertThat(tally.member("marks").orElseThrow().type().size()).isEqualTo(12);
        assertThat(tally.member("flag").orElseThrow().bitSize()).isEqualTo(3);
        assertThat(tally.member("nothing")).isEmpty();
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> tally.member("flag").orElseThrow().offset());
    }

    @Test
    void externsTellKfuncsFromVariablesAndWeakFromNeeded() {
        assertThat(sample.ksyms())
                .containsExactlyInAnyOrder(
                        new Ksym("bpf_task_release", true, false),
                        new Ksym("bpf_task_from_pid", true, true),
                        new Ksym("jiffies_marker", false, true));
        assertThat(sample.requiredKfuncs()).containsExactly("bpf_task_release");
    }

    @Test
    void licenseIsTheSources() {
        assertThat(sample.license()).isEqualTo("Dual BSD/GPL");
    }

    @Test
    void anInstructionLeadsToItsSourceLine() throws Exception {
        List<String> source = Files.readAllLines(Fixtures.file("sample.bpf.c"));

        SourceLine first = sample.sourceLine("on_nmi", 0).orElseThrow();

        assertThat(first.file()).endsWith("sample.bpf.c");
        assertThat(first.text()).isNotEmpty();
        assertThat(source.get(first.line() - 1).strip()).isEqualTo(first.text());
        assertThat(sample.sourceLine("on_nmi", 1_000_000)).isEmpty();
        assertThat(sample.sourceLine("on_nmi", -1)).isEmpty();
    }

    @Test
    void aNameThatIsNotThereIsAnsweredWithThoseThatAre() {
        assertThatExceptionOfType(NoSuchElementException.class)
                .isThrownBy(() -> sample.program("on_nmy"))
                .withMessageContaining("sample.bpf.o has no program 'on_nmy'")
                .withMessageContaining("on_nmi");
    }

    @Test
    void whatLibbpfRefusesCarriesItsLog() throws Exception {
        byte[] refused = Fixtures.compiled("refused.bpf.c");

        assertThatExceptionOfType(LibbpfException.class)
                .isThrownBy(() -> BpfObjectFile.parse("refused.bpf.o", refused))
                .satisfies(e -> assertThat(e.log()).contains("no_such_attribute"))
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1))
                .withMessageContaining("libbpf cannot open refused.bpf.o");
    }

    @Test
    void whatIsNoObjectIsRefused() {
        assertThatExceptionOfType(LibbpfException.class)
                .isThrownBy(() -> BpfObjectFile.parse(
                        "text", "no ELF at all, but long enough to be looked at".getBytes(StandardCharsets.US_ASCII)))
                .withMessageContaining("text");
        assertThatExceptionOfType(LibbpfException.class)
                .isThrownBy(() -> BpfObjectFile.parse("nothing", new byte[0]))
                .withMessageContaining("empty");
    }

    @Test
    void aTruncatedObjectIsAnExceptionAtEveryLength() {
        for (int length = 1; length < bytes.length; length += 97) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatExceptionOfType(LibbpfException.class)
                    .as("cut to " + length)
                    .isThrownBy(() -> BpfObjectFile.parse("cut.o", cut));
        }
    }

    @Test
    void aFileIsReadUnderItsName(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("named.bpf.o"), bytes);

        assertThat(BpfObjectFile.read(file).name()).isEqualTo("named.bpf.o");
    }

    @Test
    void threadsKeepTheirLogsApart() throws Exception {
        byte[] refused = Fixtures.compiled("refused.bpf.c");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<String> open = () -> {
                try {
                    BpfObjectFile.parse("refused.bpf.o", refused);
                    return "accepted";
                } catch (LibbpfException e) {
                    return e.log();
                }
            };
            String alone = open.call();
            for (Future<String> log : threads.invokeAll(Collections.nCopies(200, open))) {
                assertThat(log.get()).isEqualTo(alone);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
