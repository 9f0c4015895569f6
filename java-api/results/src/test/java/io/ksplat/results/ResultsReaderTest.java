// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Control.Role;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.results.internal.Runs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResultsReaderTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir
    Path folder;

    private Path results(String text) throws IOException {
        return Files.writeString(folder.resolve("results.json"), text);
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused() {
        return assertThatThrownBy(() -> ResultsReader.read(folder))
                .isInstanceOf(IOException.class)
                .satisfies(
                        failure -> assertThat(failure.getMessage()).doesNotContain("\n", "Exception", "com.fasterxml"));
    }

    @Test
    void readsSchema1() throws IOException {
        Files.copy(GOLDEN.resolve("results-1.json"), folder.resolve("results.json"));
        List<RunRecord> runs = ResultsReader.read(folder);
        assertThat(runs)
                .extracting(RunRecord::reproducer)
                .containsExactly(
                        "nmi-task-kptr",
                        "res-spin-lock-aa",
                        "nmi-map-delete/task-hash",
                        "dmesg.log",
                        "kptr-acquire/kptr-get");
        Evidence found = runs.get(0).evidence().get(0);
        assertThat(found.kind()).isEqualTo(EvidenceKind.LOCKDEP_CIRCULAR);
        assertThat(found.stacks()).isEqualTo(Runs.deadlock("x").stacks());
        assertThat(runs.get(0).nmis()).isEmpty();
        assertThat(runs.get(1).because()).contains("added in 6.15");
        assertThat(runs.get(1).accelerator()).isEqualTo("none");
        assertThat(runs.get(2).timings().restoreMs()).hasValue(77);
        assertThat(runs.get(3).origin()).isEqualTo("real");
        assertThat(runs).extracting(RunRecord::isFinished).containsExactly(true, true, true, true, false);
    }

    @Test
    void tellsTheRolesOfSchema1FromTheNames() throws IOException {
        List<Control> controls =
                ResultsReader.read(GOLDEN.resolve("results-1.json")).get(2).controls();
        assertThat(controls)
                .containsExactly(
                        new Control(Role.STIMULUS, "storm", 30, 12),
                        new Control(Role.STIMULUS, "sysrq", 1, 1),
                        new Control(Role.STIMULUS, "exit:victim", 1, 1),
                        new Control(Role.OBSERVER, "lockdep", 1, 1),
                        new Control(Role.OBSERVER, "kasan", 1, 1),
                        new Control(Role.OBSERVER, "quiet", 1, 1),
                        new Control(Role.EFFECT, "dropped", 1, 0));
    }

    @Test
    void refusesANewerSchema() throws IOException {
        results("{\"runs\": [{\"whatever\": 1}], \"schema\": 3}");
        assertRefused()
                .hasMessage(folder.resolve("results.json")
                        + " has schema 3; this ksplat reads 1 and 2: use a newer ksplat");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"schema": 2, "runs": {}} | is damaged: runs is no list
                    {"schema": 2} | is damaged: runs is missing
                    {"schema": 2, "runs": [1]} | is damaged: runs[0] is no object: 1
                    {"schema": 2, "runs": [{"reproducer": 7}]} | is damaged: runs[0].reproducer is no text: 7
                    {"schema": 2, "runs": [{"reproducer": "a"}]} | is damaged: runs[0].kernel is missing
                    {"runs": []} | is no file of a report: it has no schema
                    {"schema": "x", "runs": []} | is no file of a report: it has no schema
                    {"schema": 0, "runs": []} | has schema 0; this ksplat reads 1 and 2: use a newer ksplat
                    [] | is damaged: it is no JSON object
                    '' | is damaged: it is no JSON object
                    nonsense | is damaged: it is no JSON from line 1 on
                    {"schema": 2 | is damaged: it is no JSON from line 1 on
                    {"schema": 2} {} | is damaged: something stands behind its end
                    """)
    void saysInOneLineWhatIsWrong(String text, String message) throws IOException {
        results(text);
        assertRefused().hasMessage(folder.resolve("results.json") + " " + message);
    }

    @Test
    void saysWhereAValueIsWrong() throws IOException {
        String whole = Files.readString(GOLDEN.resolve("results-2.json"));
        results(whole.replace("\"certain\" : false", "\"certain\" : \"no\\u001b[31m\""));
        assertRefused()
                .hasMessageEndingWith(
                        "is damaged: runs[0].evidence[0].stacks[0].frames[1].certain is no true or false: no?[31m");
        results(whole.replace("\"word\" : \"ffff888005458001\"", "\"word\" : \"0xffff\""));
        assertRefused().hasMessageContaining("details.waits[0].word is no hexadecimal number of 64 bits: 0xffff");
        results(whole.replace("lockdep-circular\"", "lockdep-sideways\""));
        assertRefused().hasMessageContaining("kind is no word that this ksplat knows: lockdep-sideways");
        results(whole.replace("\"bootRetries\" : 1", "\"bootRetries\" : 99999999999"));
        assertRefused().hasMessageContaining("bootRetries is no number of 32 bits: 99999999999");
    }

    @Test
    void aFileThatEndsAnywhereIsDamaged() throws IOException {
        byte[] whole = Files.readAllBytes(GOLDEN.resolve("results-2.json"));
        int end = new String(whole, StandardCharsets.UTF_8).strip().length();
        for (int length = 0; length < end; length += 7) {
            Files.write(folder.resolve("results.json"), java.util.Arrays.copyOf(whole, length));
            assertRefused().hasMessageContaining("results.json is damaged: it ");
        }
    }

    /** Whatever stands in a file: it is read, or refused in one line. */
    @Test
    void survivesEveryDamage() throws IOException {
        byte[] whole = Files.readAllBytes(GOLDEN.resolve("results-2.json"));
        Random random = new Random(7);
        for (int i = 0; i < 3000; i++) {
            byte[] damaged = whole.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Files.write(folder.resolve("results.json"), damaged);
            Throwable failure = catchThrowable(() -> ResultsReader.read(folder));
            if (failure != null) {
                assertThat(failure).isInstanceOf(IOException.class);
                assertThat(failure.getMessage())
                        .doesNotContain("\n", "Exception")
                        .startsWith(folder.toString());
            }
        }
    }

    @Test
    void survivesDepthAndLength() throws IOException {
        results("{\"schema\": 2, \"runs\": " + "[".repeat(200_000));
        assertRefused().hasMessageContaining("is damaged");
        results("{\"schema\": 2, \"runs\": [" + "9".repeat(200_000) + "]}");
        assertRefused().hasMessageContaining("is damaged");
    }

    @Test
    void saysThatThereIsNoReport() {
        assertRefused()
                .hasMessage(
                        "there is no report in " + folder + ": it has no results.json, name the folder of a report");
        assertThatThrownBy(() -> ResultsReader.read(folder.resolve("none")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("there is no report in ");
    }
}
