// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachinesFileTest {
    @TempDir
    private Path folder;

    private MachineEntry find(String target, String... lines) throws IOException {
        Path file = folder.resolve("machines.toml");
        Files.write(file, List.of(lines));
        return new MachinesFile(file).find(target);
    }

    @Test
    void readsAWholeEntry() throws IOException {
        MachineEntry rack = find(
                "rack7",
                "[rack7]",
                "ssh = \"root@rack7\"",
                "ssh-options = [\"-J\", \"jump\"]",
                "sacrificial = true",
                "console = \"ipmitool sol activate\"",
                "nmi = \"ipmitool chassis power diag\"",
                "reset = \"ipmitool chassis power reset\"",
                "boot = \"netboot rack7\"",
                "boot-seconds = 90",
                "slowness = 3");
        assertThat(rack.ssh()).contains("root@rack7");
        assertThat(rack.sshOptions()).containsExactly("-J", "jump");
        assertThat(rack.sacrificial()).isTrue();
        assertThat(rack.console()).isEqualTo(new ConsoleSource.Command("ipmitool sol activate"));
        assertThat(rack.nmi()).contains("ipmitool chassis power diag");
        assertThat(rack.reset()).contains("ipmitool chassis power reset");
        assertThat(rack.bootCommand()).contains("netboot rack7");
        assertThat(rack.boot()).isEqualTo(Duration.ofSeconds(90));
        assertThat(rack.scale(Duration.ofSeconds(2))).isEqualTo(Duration.ofSeconds(6));
    }

    @Test
    void takesWhatIsNotSaidForTheLeast() throws IOException {
        MachineEntry board = find("board", "[board]", "ssh = \"root@board\"");
        assertThat(board.sacrificial()).isFalse();
        assertThat(board.console()).isEqualTo(new ConsoleSource.Kmsg());
        assertThat(board.nmi()).isEmpty();
        assertThat(board.reset()).isEmpty();
    }

    @Test
    void readsEachKindOfConsole() throws IOException {
        assertThat(find("a", "[a]", "ssh = \"h\"", "console = { serial = \"/dev/ttyUSB0\", baud = 9600 }")
                        .console())
                .isEqualTo(new ConsoleSource.Serial("/dev/ttyUSB0", 9600));
        assertThat(find("a", "[a]", "ssh = \"h\"", "console = { serial = \"/dev/ttyUSB0\" }")
                        .console())
                .isEqualTo(new ConsoleSource.Serial("/dev/ttyUSB0", 115_200));
        assertThat(find("a", "[a]", "ssh = \"h\"", "console = { netconsole = 7777 }")
                        .console())
                .isEqualTo(new ConsoleSource.Netconsole(7777));
        assertThat(find("a", "[a]", "ssh = \"h\"", "console = { kmsg = true }").console())
                .isEqualTo(new ConsoleSource.Kmsg());
    }

    @Test
    void needsNoFileForThisMachineOrADestination() throws IOException {
        MachinesFile none = new MachinesFile(folder.resolve("none.toml"));
        assertThat(none.find("local").ssh()).isEmpty();
        assertThat(none.find("local").sacrificial()).isFalse();
        assertThat(none.find("ssh:root@host").ssh()).contains("root@host");
        assertThatThrownBy(() -> none.find("rack7"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there is no " + folder.resolve("none.toml"));
    }

    @Test
    void namesTheMachinesThatThereAre() {
        assertThatThrownBy(() -> find("rack8", "[rack7]", "ssh = \"h\"", "[board]", "ssh = \"h\""))
                .hasMessageContaining("has no machine of this name; it has [rack7, board]");
    }

    /** A destination that ssh would take for an option runs a command of the file's author's choice. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ssh = \"-oProxyCommand=x\" | is no destination for ssh",
                "ssh = \"a b\" | is no destination for ssh",
                "ssh = 7 | ssh is a text in quotes, not 7",
                "sacrificial = true | has no ssh",
                "ssh = \"h\"#sacrificial = \"yes\" | sacrificial is true or false, not \"yes\"",
                "ssh = \"h\"#resett = \"x\" | resett is none of [boot, boot-seconds, console",
                "ssh = \"h\"#console = { netconsole = 0 } | netconsole is a number from 1 to 65535, not 0",
                "ssh = \"h\"#console = { kmsg = true, netconsole = 1 } | exactly one of serial",
                "ssh = \"h\"#console = { baud = 9600, kmsg = true } | exactly one of serial",
                "ssh = \"h\"#console = 3 | console is a command, or a table",
                "ssh = \"h\"#slowness = 0 | slowness is a number from 1 to 100, not 0",
                "ssh = \"h\"#ssh-options = \"-v\" | ssh-options is a list of texts",
                "ssh = | line 2"
            })
    void refusesWhatMakesNoSense(String lines, String why) {
        assertThatThrownBy(() -> find("a", ("[a]#" + lines.strip()).split("#")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why.strip())
                .hasMessageContaining("machines.toml")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void refusesADestinationOfTheCommandLineThatIsAnOption() {
        assertThatThrownBy(() -> find("ssh:-oProxyCommand=x", "")).hasMessageContaining("is no destination for ssh");
    }
}
