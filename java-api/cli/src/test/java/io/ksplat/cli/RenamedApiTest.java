// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenamedApiTest {
    @Test
    void saysTheNewNames() throws Exception {
        assertThat(RenamedApi.hint("""
                        import io.ksplat.guest.BpfObject;
                        import io.ksplat.guest.Child;
                        import io.ksplat.junit.Machine;
                        class X {
                            @BeforeFreeze void y(Machine machine) { machine.testimony(); }
                        }
                        """).orElseThrow())
                .contains(
                        "io.ksplat.junit.Machine is io.ksplat.engine.Machine now",
                        "io.ksplat.guest.Child is io.ksplat.machine.GuestProcess now",
                        "io.ksplat.guest.BpfObject is io.ksplat.bpf.BpfObject now",
                        "@BeforeFreeze is @BeforeSnapshot now",
                        "testimony() is programReports() now")
                .doesNotContain("io.ksplat.bpf.Child", "\n");
    }

    @Test
    void saysNothingOfTodaysNames() throws Exception {
        assertThat(RenamedApi.hint("import io.ksplat.engine.Machine;\n@BeforeSnapshot void x() {}\n"))
                .isEmpty();
    }

    @Test
    void aFileForTheOldApiGetsOneLine(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("Old.java"), """
                import io.ksplat.junit.Machine;
                class Old { void run(Machine machine) {} }
                """);
        assertThatThrownBy(() -> JavaSourceCatalogue.compile(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + " does not compile: it was written for an older ksplat:"
                        + " io.ksplat.junit.Machine is io.ksplat.engine.Machine now");
    }
}
