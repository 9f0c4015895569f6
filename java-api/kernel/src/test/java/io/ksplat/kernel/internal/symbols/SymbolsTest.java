// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.ksplat.kernel.Symbol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SymbolsTest {
    private static final String KALLSYMS = """
            0000000000000000 A fixed_percpu_data
            000000000001a000 A cpu_info
            ffffffff81000000 T startup_64
            ffffffff81000000 T _stext
            ffffffff81000040 t __pfx_call_rcu_nocb
            ffffffff81000050 t call_rcu_nocb
            ffffffff81000150 t helper
            ffffffff81000180 T rcu_segcblist_enqueue.isra.0
            ffffffff81000200 t helper
            ffffffff81000260 W weak_one
            ffffffff81000300 T _etext
            ffffffff81400000 R some_data
            ffffffff82000000 T init_it
            ffffffff82000100 T _einittext
            ffffffff82800000 B _end
            ffffffffc0402010 t second_of_module\t[nfs]
            ffffffffc0402000 t first_of_module\t[nfs]
            ffffffffc0409000 t bpf_prog_0123456789abcdef_on_nmi\t[bpf]
            """;

    private final Symbols symbols = parse(KALLSYMS);

    private static Symbols parse(String text) {
        try {
            return Symbols.parse(text.getBytes(UTF_8));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Optional<String> nameAt(long address) {
        return symbols.at(address).map(Symbol::name);
    }

    @Test
    void findsTheFunctionThatAnAddressLiesIn() {
        assertThat(symbols.at(0xffffffff81000057L))
                .contains(new Symbol("call_rcu_nocb", 0xffffffff81000050L, 0x100, 't', Optional.empty()));
        assertThat(nameAt(0xffffffff81000050L)).contains("call_rcu_nocb");
        assertThat(nameAt(0xffffffff8100014fL)).contains("call_rcu_nocb");
        assertThat(nameAt(0xffffffff810002ffL)).contains("weak_one");
        assertThat(nameAt(0xffffffff82000080L)).contains("init_it");
    }

    @Test
    void namesTheFirstOfSeveralSymbolsOfOneAddressAsTheKernelDoes() {
        assertThat(nameAt(0xffffffff81000000L)).contains("startup_64");
    }

    @Test
    void findsNothingOutsideOfText() {
        assertThat(nameAt(0)).isEmpty();
        assertThat(nameAt(0x1a000)).isEmpty();
        assertThat(nameAt(0xffffffff80ffffffL)).isEmpty();
        assertThat(nameAt(0xffffffff81000300L)).isEmpty();
        assertThat(nameAt(0xffffffff81400004L)).isEmpty();
        assertThat(nameAt(0xffffffff82000100L)).isEmpty();
        assertThat(nameAt(0xffffffffbfffffffL)).isEmpty();
        assertThat(nameAt(-1)).isEmpty();
    }

    @Test
    void boundsTheLastFunctionOfAModule() {
        assertThat(nameAt(0xffffffffc0402008L)).contains("first_of_module");
        assertThat(nameAt(0xffffffffc0402800L)).contains("second_of_module");
        assertThat(nameAt(0xffffffffc0405000L)).isEmpty();
        assertThat(symbols.at(0xffffffffc0409010L).orElseThrow().module()).contains("bpf");
        assertThat(nameAt(0xffffffffc0500000L)).isEmpty();
    }

    @Test
    void findsAddressesByName() {
        assertThat(symbols.address("weak_one")).hasValue(0xffffffff81000260L);
        assertThat(symbols.address("some_data")).hasValue(0xffffffff81400000L);
        assertThat(symbols.address("first_of_module")).hasValue(0xffffffffc0402000L);
        assertThat(symbols.address("weak_on")).isEqualTo(OptionalLong.empty());
        assertThat(symbols.address("")).isEmpty();
    }

    @Test
    void tellsAllFunctionsOfOneNameAndTakesTheKernelsOwnBeforeAModules() {
        assertThat(symbols.named("helper"))
                .extracting(Symbol::address)
                .containsExactly(0xffffffff81000150L, 0xffffffff81000200L);
        assertThat(symbols.named("nothing")).isEmpty();
        Symbols both = parse("ffffffff80000000 t twice\t[early]\nffffffff81000000 t twice\n");
        assertThat(both.address("twice")).hasValue(0xffffffff81000000L);
        assertThat(both.named("twice")).extracting(s -> s.module().isPresent()).containsExactly(false, true);
    }

    @Test
    void offersNamesForATypingMistake() {
        assertThat(symbols.near("rcu_segcblist_enqueue", 3)).startsWith("rcu_segcblist_enqueue.isra.0");
        assertThat(symbols.near("call_rcu_ncob", 3)).containsExactly("call_rcu_nocb");
        assertThat(symbols.near("segcblist_enqueue_xx", 3)).containsExactly("rcu_segcblist_enqueue.isra.0");
        assertThat(symbols.near("wholly_different_name", 3)).isEmpty();
        assertThat(symbols.near("helpr", 1)).containsExactly("helper");
        assertThat(symbols.near("call_rcu_nocb", 3))
                .as("neither itself nor the padding before it")
                .isEmpty();
        assertThat(symbols.hint("helpr")).isEqualTo("; near: helper");
        assertThat(symbols.hint("wholly_different_name")).isEmpty();
        assertThat(symbols.near("rcu_segcblist_enqueue.isra.0", 3))
                .as("nor with a name that others may have most of")
                .isEmpty();
    }

    @Test
    void slidesTheKernelButNeitherPerCpuSymbolsNorModules() {
        Symbols slid = symbols.slidBy(0x1d600000L);
        assertThat(slid.address("call_rcu_nocb")).hasValue(0xffffffff9e600050L);
        assertThat(slid.at(0xffffffff9e600057L).orElseThrow().size()).isEqualTo(0x100);
        assertThat(slid.address("cpu_info")).hasValue(0x1a000);
        assertThat(slid.address("first_of_module")).isEmpty();
        assertThat(slid.slidBy(-0x1d600000L).address("_etext")).hasValue(0xffffffff81000300L);
    }

    @Test
    void leavesModulesOut() {
        Symbols core = symbols.withoutModules();
        assertThat(core.address("first_of_module")).isEmpty();
        assertThat(core.at(0xffffffffc0402004L)).isEmpty();
        assertThat(core.at(0xffffffff81000057L)).isEqualTo(symbols.at(0xffffffff81000057L));
        assertThat(core.address("cpu_info")).hasValue(0x1a000);
    }

    @Test
    void addsProgramsWithTheirTrueLengths() {
        Symbols more = symbols.plus(List.of(
                Symbol.bpf("bpf_prog_0123456789abcdef_on_nmi", 0xffffffffc0409000L, 0x44),
                Symbol.bpf("bpf_prog_fedcba9876543210_other", 0xffffffffc0409044L, 0x20)));
        assertThat(more.at(0xffffffffc0409043L)).map(Symbol::name).contains("bpf_prog_0123456789abcdef_on_nmi");
        assertThat(more.at(0xffffffffc0409044L)).map(Symbol::name).contains("bpf_prog_fedcba9876543210_other");
        assertThat(more.at(0xffffffffc0409064L)).isEmpty();
        assertThat(more.named("bpf_prog_0123456789abcdef_on_nmi")).hasSize(1);
        assertThat(more.address("bpf_prog_fedcba9876543210_other")).hasValue(0xffffffffc0409044L);
        assertThat(more.isText(0xffffffffc0409043L)).isTrue();
        assertThat(more.isText(0xffffffffc0409064L)).isFalse();
        assertThat(more.covering(0xffffffffc0409050L)).map(Symbol::size).contains(0x20L);
        assertThat(more.at(0xffffffff81000057L)).isEqualTo(symbols.at(0xffffffff81000057L));
        assertThat(nameAt(0xffffffffc0409064L)).contains("bpf_prog_0123456789abcdef_on_nmi");
    }

    @Test
    void whatIsAddedTakesThePlaceOfLoadedCodeButNotOfTheKernels() {
        Symbols more = symbols.plus(List.of(
                Symbol.bpf("bpf_prog_1_a", 0xffffffffc0402000L, 8), Symbol.bpf("helper", 0xffffffff81000200L, 8)));
        assertThat(more.named("first_of_module")).isEmpty();
        assertThat(more.address("first_of_module")).isEmpty();
        assertThat(more.named("helper"))
                .extracting(Symbol::address, s -> s.module().isPresent())
                .containsExactly(
                        tuple(0xffffffff81000150L, false),
                        tuple(0xffffffff81000200L, false),
                        tuple(0xffffffff81000200L, true));
        assertThat(more.at(0xffffffff81000204L)).map(Symbol::size).contains(8L);
        assertThat(more.at(0xffffffff81000210L)).isEmpty();
    }

    /** A trampoline where another boot had a module. */
    @Test
    void whatIsAddedCoversAModulesSymbolsButNotTheKernels() {
        Symbols more = symbols.plus(List.of(
                Symbol.bpf("bpf_trampoline_1", 0xffffffffc0401ff0L, 0x20),
                Symbol.bpf("odd", 0xffffffff81000040L, 0x40)));
        assertThat(symbols.at(0xffffffffc0402004L)).map(Symbol::name).contains("first_of_module");
        assertThat(more.at(0xffffffffc0402004L)).map(Symbol::name).contains("bpf_trampoline_1");
        assertThat(more.isText(0xffffffffc0402004L)).isTrue();
        assertThat(more.at(0xffffffffc0402011L)).map(Symbol::name).contains("second_of_module");
        assertThat(more.at(0xffffffff81000057L)).isEqualTo(symbols.at(0xffffffff81000057L));
    }

    @Test
    void whatIsAddedLaterReplacesWhatWasAddedBefore() {
        Symbols more = symbols.plus(List.of(
                        Symbol.bpf("bpf_prog_1_a", 0xffffffffc0500000L, 0x100),
                        Symbol.bpf("bpf_prog_2_b", 0xffffffffc0500200L, 0x100)))
                .plus(List.of(Symbol.bpf("bpf_prog_3_c", 0xffffffffc0500000L, 0x40)));
        assertThat(more.at(0xffffffffc0500008L)).map(Symbol::name).contains("bpf_prog_3_c");
        assertThat(more.at(0xffffffffc0500080L)).isEmpty();
        assertThat(more.at(0xffffffffc05002ffL)).map(Symbol::name).contains("bpf_prog_2_b");
        assertThat(more.named("bpf_prog_1_a")).isEmpty();
        assertThat(more.slidBy(0x1000).named("bpf_prog_2_b")).isEmpty();
    }

    @Test
    void passesOverLinesThatAreNoSymbolsAndTextThatIsCutShort() {
        Symbols some = parse("\n\nnoise here\nffffffff81000000 T one\nffffffff81000010\nffffffff81000020 \n"
                + "zz T x\nffffffff81000030 T two\t[\nffffffff81000040 T three\t[m]\nffffffff810000");
        assertThat(some.size()).isEqualTo(3);
        assertThat(some.address("three")).hasValue(0xffffffff81000040L);
    }

    @Test
    void refusesTextWithoutSymbolsOrWithHiddenAddresses() {
        assertThatThrownBy(() -> Symbols.parse(new byte[0])).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Symbols.parse("0000000000000000 T a\n0000000000000000 T b\n".getBytes(UTF_8)))
                .hasMessageContaining("kptr_restrict");
    }

    @Test
    void agreesWithASortedMapOnRandomSymbolsInRandomOrder() {
        Random random = new Random(5);
        TreeMap<Long, String> model = new TreeMap<>(Long::compareUnsigned);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            long address = 0xffffffff81000000L + random.nextInt(1 << 20);
            if (model.putIfAbsent(address, "f" + i) == null) {
                text.append(Long.toHexString(address)).append(" t f").append(i).append('\n');
            }
        }
        Symbols parsed = parse(text.toString());
        for (int i = 0; i < 10_000; i++) {
            long address = 0xffffffff81000000L + random.nextInt(1 << 20);
            var expected = address >= model.lastKey() ? null : model.floorEntry(address);
            if (expected != null) {
                assertThat(parsed.at(address).map(Symbol::name)).contains(expected.getValue());
                assertThat(parsed.address(expected.getValue())).hasValue(expected.getKey());
            }
        }
    }

    @Test
    void loadsWhatItWrote(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("symbols");
        symbols.write(file);
        symbols.write(file);
        Symbols loaded = Symbols.read(file);
        assertThat(loaded.size()).isEqualTo(symbols.size());
        for (String name : List.of("helper", "_etext", "first_of_module", "cpu_info")) {
            assertThat(loaded.named(name)).isEqualTo(symbols.named(name)).isNotEmpty();
        }
        assertThat(loaded.at(0xffffffff81000057L)).isEqualTo(symbols.at(0xffffffff81000057L));
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void refusesADamagedFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("symbols");
        symbols.write(file);
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 3, 24, whole.length - 1}) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Symbols.read(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("symbols");
        }
    }
}
