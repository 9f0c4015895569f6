// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each bad input gets one clear line and the exit code of the contract. */
class BadInputTest {
    @TempDir
    Path folder;

    @Test
    void unknownReproducerNamesTheNearest() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-tsk-kptr");

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("nmi-task-kptr");
        assertOneLine(ksplat);
        assertThat(ksplat.report).doesNotExist();
    }

    /** Nobody is there to be asked. */
    @Test
    void aMachineThatIsNotGivenUpIsNotTouchedWithoutYes() throws Exception {
        for (String target : new String[] {"ssh:root@host.invalid", "local"}) {
            Ksplat ksplat = Ksplat.run(folder, "run", "nmi-task-kptr", "--on", target);

            assertThat(ksplat.exit()).isEqualTo(2);
            assertThat(ksplat.err()).contains("--on " + target, "say --yes");
            assertThat(ksplat.report).doesNotExist();
        }
    }

    @Test
    void aSpecThatIsNoneNamesTheForms() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-task-kptr", "--kernel", "7.2");

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("debian:SERIES");
        assertOneLine(ksplat);
    }

    @Test
    @Tag("network")
    void unknownKernelVersionNamesThoseThatExist() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-task-kptr", "--kernel", "debian:4.99");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.onlyRun().path("message").asText()).contains("4.99").contains("6.12");
    }

    @Test
    void anImageThatIsNoKernelIsNamed() throws Exception {
        Path image = Files.writeString(folder.resolve("image"), "no kernel".repeat(1000));

        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-task-kptr", "--kernel", "file:" + image);

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.onlyRun().path("message").asText()).contains(String.valueOf(image.getFileName()));
    }

    @Test
    @Tag("network")
    void oneKernelByTwoNamesIsNamed() throws Exception {
        Path image = new Kernels(Cache.standard())
                .resolve(KernelSpec.parse("debian:7.2"), Progress.NONE)
                .image();
        Path copy = Files.copy(image, folder.resolve("copy"));

        Ksplat ksplat = Ksplat.run(
                folder,
                Map.of("XDG_CACHE_HOME", folder.resolve("cache").toString()),
                "run",
                "nmi-task-kptr",
                "--kernel",
                "file:" + image,
                "--kernel",
                "file:" + copy);

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(2);
        assertThat(ksplat.err().lines().filter(line -> line.startsWith("ksplat:")))
                .singleElement()
                .asString()
                .contains("file:" + copy, "are one kernel", "name it once");
        assertThat(ksplat.report).doesNotExist();
    }

    @Test
    void aReportFolderThatCannotBeWrittenIsNamedBeforeAnyWork() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");

        Ksplat ksplat = Ksplat.run(
                folder,
                "run",
                "nmi-task-kptr",
                "--report",
                file.resolve("report").toString());

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.err()).contains(file.toString()).contains("--report");
        assertOneLine(ksplat);
    }

    @Test
    @Tag("machine")
    void withoutQemuTheMessageNamesTheProgram() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, Map.of("KSPLAT_QEMU", "/nowhere/qemu"), "run", "nmi-task-kptr", "--fresh");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.onlyRun().path("message").asText()).contains(".../qemu");
        ksplat.assertNothingLeft();
    }

    @Test
    @Tag("machine")
    void brokenBpfCIsClangsMessage() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "acceptance-broken");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.onlyRun().path("message").asText())
                .contains("broken.bpf.c:")
                .contains("no_such_helper");
    }

    private static void assertOneLine(Ksplat ksplat) throws Exception {
        assertThat(ksplat.err().lines()).as(ksplat.err()).hasSize(1);
    }
}
