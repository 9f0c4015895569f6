// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.LibbpfException;
import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.kernel.internal.symbols.Symbols;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a guest says and what a stranger sends is refused or read, in bounded time and memory. */
@Timeout(300)
class ReadersTest {
    /** The tests run in the module's folder. */
    private static final Path CORPUS = Path.of("src/test/resources/io/ksplat/campaign/hostile/corpus");

    /** Consoles of real machines. */
    private static final Path CONSOLES = Path.of("../evidence/src/test/resources/golden");

    /** Executions of a short run: some hundred for each reader. */
    private static final int SHORT = 4_000;

    private static final int LONG = 400_000;

    private record Seed(Reader reader, Path file) {}

    static Stream<Seed> seeds() throws IOException {
        List<Seed> seeds = new ArrayList<>();
        for (Reader reader : Reader.values()) {
            for (Path file : files(reader)) {
                seeds.add(new Seed(reader, file));
            }
        }
        return seeds.stream();
    }

    private static List<Path> files(Reader reader) throws IOException {
        List<Path> files = new ArrayList<>();
        Path own = CORPUS.resolve(reader.name());
        if (Files.isDirectory(own)) {
            try (Stream<Path> found = Files.list(own)) {
                found.sorted().forEach(files::add);
            }
        }
        if (reader == Reader.CONSOLE) {
            try (Stream<Path> found = Files.list(CONSOLES)) {
                found.filter(file -> file.toString().endsWith(".log")).sorted().forEach(files::add);
            }
        }
        return files;
    }

    @Test
    void everyReaderHasSeeds() throws IOException {
        for (Reader reader : Reader.values()) {
            assertThat(files(reader)).as(reader.name()).isNotEmpty();
        }
    }

    /** The seeds, and what was found once: each is cut at some places, too. */
    @ParameterizedTest
    @MethodSource("seeds")
    void aSeedIsReadOrRefused(Seed seed) throws IOException {
        byte[] bytes = Files.readAllBytes(seed.file);
        for (int part = 0; part <= 4; part += 2) {
            try {
                seed.reader.read(java.util.Arrays.copyOf(bytes, bytes.length * part / 4));
            } catch (IOException refused) {
                assertThat(refused.getMessage()).isNotBlank();
            }
        }
    }

    /** Jazzer, in a JVM of its own: it rewrites classes. The count bounds it and not the clock. */
    @Test
    @Tag("full")
    @Timeout(1200)
    void aShortRunOfTheFuzzerFindsNothing(@TempDir Path folder) throws Exception {
        Path corpus = Files.createDirectory(folder.resolve("corpus"));
        for (Seed seed : seeds().toList()) {
            byte[] bytes = Files.readAllBytes(seed.file);
            ByteBuffer chosen = ByteBuffer.allocate(1 + bytes.length);
            chosen.put((byte) seed.reader.ordinal()).put(bytes);
            Files.write(corpus.resolve(seed.reader + "-" + seed.file.getFileName()), chosen.array());
        }
        fuzz(folder, "", SHORT, corpus);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    @Timeout(value = 6, unit = TimeUnit.HOURS)
    void aLongRunOfTheFuzzerFindsNothing(Reader reader, @TempDir Path folder) throws Exception {
        Path corpus = Files.createDirectory(folder.resolve("corpus"));
        for (Path file : files(reader)) {
            Files.copy(file, corpus.resolve(file.getFileName().toString()));
        }
        fuzz(folder, reader.name(), LONG, corpus);
    }

    private static void fuzz(Path folder, String reader, int runs, Path corpus) throws Exception {
        Path log = folder.resolve("log");
        Process jazzer = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx400m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Djava.io.tmpdir=" + folder,
                        "-D" + FuzzTarget.READER + "=" + reader,
                        "-cp",
                        System.getProperty("java.class.path"),
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + FuzzTarget.class.getName(),
                        "--instrumentation_includes=io.ksplat.**",
                        "--hooks=false",
                        "--reproducer_path=" + folder,
                        "-runs=" + runs,
                        "-seed=1",
                        "-max_len=32768",
                        "-timeout=600",
                        "-rss_limit_mb=0",
                        corpus.toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(jazzer.waitFor(6, TimeUnit.HOURS)).isTrue();
        } finally {
            jazzer.destroyForcibly().waitFor();
        }
        String said = Files.readString(log, StandardCharsets.UTF_8);
        assertThat(jazzer.exitValue()).as(said).isZero();
        assertThat(said).contains("Done " + runs + " runs");
        said.lines().filter(line -> line.startsWith("Done ")).forEach(line -> System.out.println("fuzzed: " + line));
    }

    /** Types of one name lie in one chain: without a bound this takes hours. */
    @Test
    void aBtfOfOneNameIsRefused() {
        int types = 40_000;
        ByteBuffer btf = btf(12 * types);
        for (int i = 0; i < types; i++) {
            btf.putInt(1).putInt(8 << 24).putInt(0);
        }
        assertThatThrownBy(() ->
                        KernelBtf.parse(btf.put("\0name\0".getBytes(UTF_8)).array()))
                .isInstanceOf(LibbpfException.class)
                .hasMessageContaining("too many of them are the same");
    }

    /** A set of kfuncs is as long as its largest number. */
    @Test
    void aTagOfATypeThatIsNotThereIsRefused() {
        ByteBuffer btf = btf(16, 11);
        btf.putInt(1).putInt(17 << 24).putInt(Integer.MAX_VALUE).putInt(-1);
        assertThatThrownBy(() ->
                        KernelBtf.parse(btf.put("\0bpf_kfunc\0".getBytes(UTF_8)).array()))
                .isInstanceOf(LibbpfException.class)
                .hasMessageStartingWith("malformed BTF");
    }

    /** Each struct has the next one twice: the last is there 2^50 times. */
    @Test
    void aStructThatDoublesAtEachLevelIsNotThere() throws IOException {
        int levels = 50;
        ByteBuffer btf = btf(36 * levels + 12);
        for (int id = 1; id <= levels; id++) {
            btf.putInt(id == 1 ? 1 : 0).putInt(4 << 24 | 2).putInt(8);
            btf.putInt(1).putInt(id + 1).putInt(0).putInt(1).putInt(id + 1).putInt(0);
        }
        btf.putInt(0).putInt(4 << 24).putInt(8);
        KernelBtf kernel = KernelBtf.parse(btf.put("\0name\0".getBytes(UTF_8)).array());
        assertThat(kernel.hasMember("name", "name")).isFalse();
        assertThatThrownBy(() -> kernel.sizeOf("name"))
                .isInstanceOf(java.util.NoSuchElementException.class)
                .hasMessageContaining("malformed");
    }

    private static ByteBuffer btf(int types) {
        return btf(types, 6);
    }

    private static ByteBuffer btf(int types, int strings) {
        return ByteBuffer.allocate(24 + types + strings)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x0001_eb9f)
                .putInt(24)
                .putInt(0)
                .putInt(types)
                .putInt(types)
                .putInt(strings);
    }

    @Test
    void symbolsOfOneNameAreRefused() {
        byte[] text = "ffffffff81000000 T one\n".repeat(60_000).getBytes(UTF_8);
        assertThatThrownBy(() -> Symbols.parse(text))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("have the same name");
    }

    /** 30,000 modules, in turns: each must be found without looking at all others. */
    @Test
    void manyModulesAreToldApart() throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int i = 0; i < 90_000; i++) {
            text.writeBytes(String.format("ffffffff8%07x t f%d\t[m%d]%n", i * 16, i, i % 40_000)
                    .getBytes(UTF_8));
        }
        Symbols symbols = Symbols.parse(text.toByteArray());
        assertThat(symbols.address("f89999")).hasValue(0xffffffff80000000L + 89_999 * 16);
        assertThat(symbols.at(0xffffffff80000000L + 39 * 16).orElseThrow().module())
                .hasValue("m39");
    }
}
