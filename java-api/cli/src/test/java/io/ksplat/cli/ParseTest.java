// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

/** Logs of real machines: what is found, and the report of it. */
class ParseTest {
    private static final String BANNER = "[    0.000000] Linux version 6.1.0-56-cloud-amd64 (gcc-12) #1 SMP\n";
    private static final String OOPS = """
            [   10.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008
            [   10.000001] Oops: 0000 [#1] PREEMPT SMP
            [   10.000002] CPU: 0 PID: 88 Comm: cat Not tainted 6.1.0-56-cloud-amd64 #1
            [   10.000003] RIP: 0010:demo_open+0x1/0x2
            [   10.000004] Call Trace:
            [   10.000005]  chrdev_open+0x1/0x2
            [   10.000006] ---[ end trace 0000000000000000 ]---
            """;

    @TempDir
    Path folder;

    private Path report;

    @BeforeEach
    void nameTheReport() {
        report = folder.resolve("logs-report");
    }

    @Test
    void eachLogIsATestOfTheReport() throws Exception {
        String bad = log("bad.log", BANNER + OOPS);
        String good = log("good.log", BANNER + "[    1.000000] usb 1-1: new device\n");

        Ksplat ksplat = Ksplat.run(folder, "parse", bad, good, "--report", report.toString());

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(1);
        assertThat(ksplat.out()).contains("bad.log: oops: BUG: unable to handle kernel NULL pointer dereference in");
        JsonNode runs = json("results.json").path("runs");
        assertThat(runs).hasSize(2);
        assertRun(runs.get(0), "bad.log", "CRASH");
        assertRun(runs.get(1), "good.log", "CLEAN");
        assertThat(suite("bad.log").getAttribute("failures")).isEqualTo("1");
        assertThat(suite("bad.log").getElementsByTagName("failure").item(0).getTextContent())
                .contains("demo_open+0x1");
        assertThat(suite("good.log").getAttribute("failures")).isEqualTo("0");
        assertThat(report.resolve("bad.log/log/1/console.log")).hasContent(BANNER + OOPS);
        assertThat(json("bad.log/log/1/evidence.json").get(0).path("kind").asText())
                .isEqualTo("oops");
        assertThat(json("good.log/log/1/evidence.json")).isEmpty();
    }

    @Test
    void logsOfOneNameAreAttempts() throws Exception {
        Files.createDirectories(folder.resolve("a"));
        Files.createDirectories(folder.resolve("b"));
        String first = log("a/dmesg", BANNER + OOPS);
        String second = log("b/dmesg", BANNER);

        Ksplat ksplat = Ksplat.run(folder, "parse", first, second, "--report", report.toString());

        assertThat(ksplat.exit()).isEqualTo(1);
        assertThat(suite("dmesg").getAttribute("tests")).isEqualTo("2");
        assertThat(suite("dmesg").getAttribute("failures")).isEqualTo("1");
    }

    @Test
    void anEmptyLogProvesNothing() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "parse", log("empty", ""), "--report", report.toString());

        assertThat(ksplat.exit()).as("no report was found").isZero();
        assertThat(json("results.json").path("runs").get(0).path("verdict").asText())
                .isEqualTo("INCONCLUSIVE");
        assertThat(suite("empty").getAttribute("failures")).isEqualTo("1");
    }

    @Test
    void aStallAloneIsNoDeadlock() throws Exception {
        String stall = log(
                "stall",
                BANNER
                        + "[   30.000000] rcu: INFO: rcu_preempt self-detected stall on CPU\n[   30.000001] Call Trace:\n[   30.000002]  demo_ioctl+0x1/0x2\n");

        Ksplat.run(folder, "parse", stall, "--report", report.toString());

        assertThat(json("results.json").path("runs").get(0).path("verdict").asText())
                .isEqualTo("INCONCLUSIVE");
    }

    @Test
    void aLogThatIsNotThereIsNamedAndAnErrorInTheReport() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "parse", "nowhere.log", "--report", report.toString());

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.err().lines()).singleElement().asString().contains("nowhere.log");
        assertThat(suite("nowhere.log").getAttribute("errors")).isEqualTo("1");
    }

    @Test
    void aFileThatCannotBeReadKeepsNoOtherFromBeingRead() throws Exception {
        Files.createDirectories(folder.resolve("logs"));
        log("logs/a.txt", BANNER);
        Files.write(folder.resolve("logs/b.xz"), new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0, 0});
        log("logs/d.txt", BANNER + OOPS);

        Ksplat ksplat = Ksplat.run(folder, "parse", "logs/a.txt", "logs/c.txt", "logs", "--report", report.toString());

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(1);
        assertThat(ksplat.err().lines())
                .containsExactly(
                        "ksplat: there is no file logs/c.txt; see: ksplat help reading-a-report",
                        "logs/b.xz ends early after line 0 (the archive was cut): what it has up to there was parsed;"
                                + " get it whole");
        assertThat(ksplat.out()).contains("logs/d.txt: oops: ", "Report: ");
        assertThat(report.resolve("index.html")).isRegularFile();
        assertThat(suite("c.txt").getAttribute("errors")).isEqualTo("1");
        assertThat(suite("b.xz").getAttribute("failures")).isEqualTo("1");
        assertThat(suite("d.txt").getAttribute("failures")).isEqualTo("1");
    }

    @Test
    void aFolderIsNotFollowed() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "parse", "--follow", folder.toString());

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("--follow reads one log", folder + " is a folder");
    }

    @Test
    void jsonIsOneLineAFile() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "parse", "--json", log("bad.log", OOPS), log("good.log", BANNER));

        assertThat(ksplat.exit()).isEqualTo(1);
        assertThat(ksplat.out().lines()).hasSize(2);
        JsonNode first =
                new ObjectMapper().readTree(ksplat.out().lines().findFirst().orElseThrow());
        assertThat(first.path("file").asText()).endsWith("bad.log");
        JsonNode evidence = first.path("evidence").get(0);
        assertThat(evidence.path("type").asText()).isEqualTo("NULL-POINTER-DEREFERENCE");
        assertThat(evidence.path("function").asText()).isEqualTo("demo_open");
    }

    @Test
    void aCleanLogAndATextThatIsNoLogDiffer() throws Exception {
        Ksplat clean = Ksplat.run(folder, "parse", log("good.log", BANNER));
        assertThat(clean.out().lines()).containsExactly("1 line, 1 of them with a kernel's stamp, 0 reports");

        Ksplat none = Ksplat.run(folder, "parse", log("letter", "Dear all,\nthe kernel is well.\n"));
        assertThat(none.out().lines()).singleElement().asString().contains("2 lines, 0 of them", "it shows nothing");
    }

    @Test
    void foldersAndCompressedLogsAreRead() throws Exception {
        Files.createDirectories(folder.resolve("logs/old"));
        compressed("logs/a", "gzip");
        compressed("logs/b.log", "xz");
        compressed("logs/old/c", "zstd");
        log("logs/good", BANNER);

        Ksplat ksplat = Ksplat.run(folder, "parse", folder.resolve("logs").toString());

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(1);
        assertThat(ksplat.out())
                .contains("logs/a: oops: ", "logs/b.log: oops: ", "logs/old/c: oops: ")
                .contains("25 lines, 25 of them with a kernel's stamp, 3 reports");
    }

    @Test
    void whatATruncatedArchiveHasIsTold() throws Exception {
        Path whole = folder.resolve("whole.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(whole))) {
            Random random = new Random(1);
            out.write((BANNER + OOPS).getBytes(StandardCharsets.UTF_8));
            for (int line = 0; line < 2000; line++) {
                out.write("[   20.%06d] usb 1-1: %d\n"
                        .formatted(line, random.nextInt())
                        .getBytes(StandardCharsets.UTF_8));
            }
        }
        byte[] bytes = Files.readAllBytes(whole);
        Path torn = Files.write(folder.resolve("torn.gz"), Arrays.copyOf(bytes, bytes.length * 3 / 4));
        String good = log("good.log", BANNER);

        Ksplat ksplat = Ksplat.run(folder, "parse", torn.toString(), good);

        assertThat(ksplat.exit()).isEqualTo(1);
        assertThat(ksplat.out()).contains("oops: BUG: unable to handle kernel NULL pointer dereference in demo_open");
        assertThat(ksplat.err().lines()).singleElement().asString().contains("torn.gz ends early after line 1");
    }

    @Test
    void aTruncatedArchiveWithoutAReportShowsNothing() throws Exception {
        Path torn = folder.resolve("torn.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(torn))) {
            out.write(BANNER.repeat(100).getBytes(StandardCharsets.UTF_8));
        }
        byte[] bytes = Files.readAllBytes(torn);
        Files.write(torn, Arrays.copyOf(bytes, bytes.length - 8));

        Ksplat ksplat = Ksplat.run(folder, "parse", torn.toString(), "--report", report.toString());

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(json("results.json").path("runs").get(0).path("verdict").asText())
                .isEqualTo("INCONCLUSIVE");
    }

    @Test
    void onlyKindsThatAreNamedFail() throws Exception {
        String bad = log("bad.log", OOPS);

        Ksplat other = Ksplat.run(folder, "parse", bad, "--fail-on", "soft-lockup,hung-task");
        assertThat(other.exit()).isZero();
        assertThat(other.out()).contains("oops: ");
        assertThat(Ksplat.run(folder, "parse", bad, "--fail-on", "soft-lockup,oops")
                        .exit())
                .isEqualTo(1);
        Ksplat wrong = Ksplat.run(folder, "parse", bad, "--fail-on", "ooops");
        assertThat(wrong.exit()).isEqualTo(2);
        assertThat(wrong.err()).contains("no kind ooops", "hung-task");
    }

    @Test
    void aKnownReportFailsOnlyBehindItsDay() throws Exception {
        String bad = log("bad.log", OOPS);
        String signature = new ObjectMapper()
                .readTree(Ksplat.run(folder, "parse", "--json", bad).out())
                .at("/evidence/0/signature")
                .asText();

        Ksplat known = parseKnowing(bad, "# ours\n" + signature + " | 9999-12-31 | ticket 7\n");
        assertThat(known.exit()).as(known.err()).isZero();
        assertThat(known.out()).contains("oops: ", "known: ticket 7, until 9999-12-31");
        assertThat(parseKnowing(bad, signature + " | 2020-01-01 | ticket 7\n").exit())
                .isEqualTo(1);
        assertThat(parseKnowing(bad, "oops: another | 9999-12-31 | ticket 8\n").exit())
                .isEqualTo(1);
        assertThat(parseKnowing(bad, signature + "\n").err())
                .contains("known:1: neither [[known]] nor SIGNATURE | UNTIL | REASON");
        assertThat(parseKnowing(bad, signature + " | soon | ticket\n").err()).contains("known:1: not a date", "soon");
    }

    private Ksplat parseKnowing(String log, String known) throws Exception {
        return Ksplat.run(folder, "parse", log, "--known", log("known", known));
    }

    private void compressed(String name, String program) throws Exception {
        Path raw = Files.writeString(folder.resolve("raw"), BANNER + OOPS);
        Process process = new ProcessBuilder(program, "-c", raw.toString())
                .redirectOutput(folder.resolve(name).toFile())
                .start();
        assertThat(process.waitFor()).as(program).isZero();
    }

    private static void assertRun(JsonNode run, String name, String verdict) {
        assertThat(run.path("reproducer").asText()).isEqualTo(name);
        assertThat(run.path("verdict").asText()).as(name).isEqualTo(verdict);
        assertThat(run.path("expected").asText()).isEqualTo("CLEAN");
        assertThat(run.path("kernel").path("release").asText()).isEqualTo("6.1.0-56-cloud-amd64");
    }

    private String log(String name, String text) throws Exception {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    private JsonNode json(String name) throws Exception {
        return new ObjectMapper().readTree(report.resolve(name).toFile());
    }

    private Element suite(String name) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(report.resolve("TEST-" + name + ".xml").toFile())
                .getDocumentElement();
    }
}
