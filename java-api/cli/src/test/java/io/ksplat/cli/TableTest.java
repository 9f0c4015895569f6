// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableTest {
    @TempDir
    Path folder;

    private Path report(String name, String verdict) throws Exception {
        Path report = Files.createDirectories(folder.resolve(name));
        Files.writeString(report.resolve("results.json"), """
                {"schema":1,"runs":[{"reproducer":"a","kernel":{"spec":"debian:7.2","release":"7.2","key":"7.2"},"attempt":1,\
                "bootRetries":0,"verdict":"%s","expected":"CLEAN","evidence":[],"controls":{},"notes":[],\
                "timings":{"totalMs":1},"accelerator":"tcg","origin":"boot"}]}
                """.formatted(verdict));
        return report;
    }

    @Test
    void replacesTheTableOfAFileAndNothingElse() throws Exception {
        Path file = Files.writeString(
                folder.resolve("README.md"),
                "before\n" + TableCommand.BEGIN + "\nold\n" + TableCommand.END + "\nafter\n");

        Ksplat ksplat = Ksplat.run(
                folder,
                "table",
                report("one", "DEADLOCK").toString(),
                report("two", "CLEAN").toString(),
                "--into",
                file.toString());

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(Files.readString(file))
                .startsWith("before\n" + TableCommand.BEGIN + "\n\n| id |")
                .contains("| `a` |  | CLEAN |")
                .doesNotContain("old", "DEADLOCK")
                .endsWith("\n" + TableCommand.END + "\nafter\n");
    }

    @Test
    void aFileWithoutAPlaceForItStaysAsItIs() throws Exception {
        Path file = Files.writeString(folder.resolve("README.md"), "text\n");

        Ksplat ksplat = Ksplat.run(folder, "table", report("one", "CLEAN").toString(), "--into", file.toString());

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains(TableCommand.BEGIN);
        assertThat(file).hasContent("text\n");
    }

    @Test
    void aFolderThatIsNoReportIsNamed() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "table", folder.resolve("nowhere").toString());

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("nowhere");
    }
}
