// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProgramSpecTest {
    @TempDir
    Path folder;

    private ProgramSpec read(String text, ProgramSpec.Kind kind, Map<String, List<String>> options) throws IOException {
        return ProgramSpec.read(
                Files.writeString(folder.resolve("program"), text), kind, List.of("one", "two"), options);
    }

    private ProgramSpec c(String text) throws IOException {
        return read(text, ProgramSpec.Kind.C, Map.of());
    }

    @Test
    void nothingIsSaid() throws IOException {
        ProgramSpec spec = c("int main(void) { return 0; }\n");
        assertThat(spec.machine()).isEqualTo(MachineNeeds.STANDARD);
        assertThat(spec.arguments()).containsExactly("one", "two");
        assertThat(spec.lasts()).isEmpty();
        assertThat(spec.expect()).isEmpty();
    }

    @Test
    void aComment() throws IOException {
        ProgramSpec spec = c("""
                // SPDX-License-Identifier: GPL-2.0
                // ksplat: cflags="-pthread -O2" boot=nosmt cpus=4 memory=1G lasts=30s
                /* ksplat: reaches=bpf_map_update_elem:1000,vfs_unlink boot="a=1 b" user=nobody */
                 * ksplat: env=TERM=a=b expect=deadlock
                int main(void) { return 0; }
                """);
        assertThat(spec.cflags()).containsExactly("-pthread", "-O2");
        assertThat(spec.bootParameters()).containsExactly("nosmt", "a=1", "b");
        assertThat(spec.machine()).isEqualTo(new MachineNeeds(4, 1024));
        assertThat(spec.lasts()).contains(Duration.ofSeconds(30));
        assertThat(spec.reaches())
                .containsExactly(
                        new ProgramSpec.Reach("bpf_map_update_elem", 1000), new ProgramSpec.Reach("vfs_unlink", 1));
        assertThat(spec.user()).contains("nobody");
        assertThat(spec.environment()).containsExactly(Map.entry("TERM", "a=b"));
        assertThat(spec.expect()).contains(Verdict.DEADLOCK);
    }

    @Test
    void whatTheMachineIsToHave() throws IOException {
        MachineNeeds needs = c("// ksplat: modules=tun,loop modules=tun root=debian:forky+g++ disk=64M,1G\n")
                .machine();
        assertThat(needs.modules()).containsExactly("tun", "loop");
        assertThat(needs.root()).contains("debian:forky+g++");
        assertThat(needs.disksMiB()).containsExactly(64, 1024);
    }

    /** As the shell and the compiler see them: of a file from there, of the command line from here. */
    @Test
    void aRootInAFileIsSeenFromTheFile() throws IOException {
        assertThat(c("// ksplat: root=tree\n").machine().root())
                .contains(folder.resolve("tree").toString());
        assertThat(c("// ksplat: root=/tree\n").machine().root()).contains("/tree");
        assertThat(read("\n", ProgramSpec.Kind.C, Map.of("root", List.of("tree")))
                        .machine()
                        .root())
                .contains("tree");
    }

    @Test
    void optionsGoBeforeAndAreAdded() throws IOException {
        ProgramSpec spec = read(
                "#!/bin/sh\n# ksplat: cpus=4 boot=a lasts=1min\n",
                ProgramSpec.Kind.SCRIPT,
                Map.of("cpus", List.of("8"), "boot", List.of("b c"), "root", List.of()));
        assertThat(spec.machine().cpus()).isEqualTo(8);
        assertThat(spec.bootParameters()).containsExactly("a", "b", "c");
        assertThat(spec.lasts()).contains(Duration.ofMinutes(1));
    }

    @Test
    void onlyCommentsAreRead() throws IOException {
        assertThat(c("printf(\"ksplat: cpus=4\"); // ksplat: cpus=5\n")
                        .machine()
                        .cpus())
                .isEqualTo(2);
        assertThat(read("# ksplat: cpus=4\n", ProgramSpec.Kind.EXECUTABLE, Map.of())
                        .machine()
                        .cpus())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cflag=-O2 | there is no setting cflag of a program; there are cflags, boot",
                "cpus | \"cpus\" is no setting: write NAME=VALUE",
                "cpus=many | cpus is a number, and not \"many\"",
                "cpus=0 | CPUs: from 1 to 64, and not 0",
                "cpus=65 | CPUs: from 1 to 64, and not 65",
                "memory=1T | memory is a size such as 512M or 2G, and not \"1T\"",
                "memory=1M | memory: from 128 to 65536 MiB, and not 1 MiB",
                "disk=0G | disk: from 1 to 1048576 MiB, and not 0 MiB",
                "disk=big | disk is a size such as 512M or 2G, and not \"big\"",
                "modules=tun,../x | modules is names of modules, joined by commas, and not \"../x\"",
                "root= | root is debian[:SUITE][+PACKAGE...] or a path",
                "lasts=0s | lasts is a time such as 500ms",
                "lasts=forever | lasts is a time such as 500ms",
                "reaches=f:0 | reaches is a function that is called at least once",
                "reaches=f(x) | reaches is a function of the kernel",
                "user=a:b | user is a name or a number",
                "env=TERM | env is VARIABLE=VALUE",
                "expect=green | expect is one of",
                "boot=\"a | is no setting"
            })
    void whatMakesNoSense(String setting, String message) {
        assertThatThrownBy(() -> c("// a program\n// ksplat: " + setting + "\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("program:2: ")
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SCRIPT", "EXECUTABLE"})
    void cflagsAreForC(ProgramSpec.Kind kind) {
        assertThatThrownBy(() -> read("#!/bin/sh\n", kind, Map.of("cflags", List.of("-O2"))))
                .hasMessageContaining("is no C program: cflags=-O2");
    }
}
