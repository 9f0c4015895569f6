// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.kernel.BadSpecException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ksplat help}, and the guide that each error names. */
class HelpTest {
    private static final String HOME = "ksplat.home";
    private static final Path ROOT = Path.of("../..");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String before;

    @BeforeEach
    void installed() {
        before = System.getProperty(HOME, "");
        System.setProperty(HOME, ROOT.toString());
    }

    @AfterEach
    void asBefore() {
        System.setProperty(HOME, before);
    }

    private int ksplat(String... words) {
        CommandLine command = Main.commandLine(false);
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(words);
    }

    private static List<Guides.Guide> guides() throws IOException {
        return Guides.in(ROOT.resolve("docs")).all();
    }

    @Test
    void listsTheGuides() throws IOException {
        assertThat(ksplat("help")).isZero();
        assertThat(guides()).hasSizeGreaterThan(8);
        assertThat(guides())
                .allSatisfy(guide -> assertThat(out.toString()).contains(guide.name() + " ", guide.tells()));
    }

    @Test
    void printsAGuideAndWhereItLies() throws IOException {
        assertThat(ksplat("help", "troubleshooting")).isZero();
        Guides.Guide guide =
                Guides.in(ROOT.resolve("docs")).find("troubleshooting").orElseThrow();
        assertThat(out.toString())
                .startsWith("# Troubleshooting\n")
                .endsWith("File: " + guide.file() + "\n")
                .doesNotContain("SPDX");
    }

    @Test
    void printsHowACommandIsUsed() {
        assertThat(ksplat("help", "run")).isZero();
        String help = out.toString();
        out.getBuffer().setLength(0);
        assertThat(ksplat("run", "--help")).isZero();
        assertThat(help).isEqualTo(out.toString()).contains("--kernel");
    }

    /** Also where no guides are installed. */
    @Test
    void aCommandNeedsNoGuides() {
        System.setProperty(HOME, folder.toString());
        assertThat(ksplat("help", "run")).isZero();
        assertThat(out.toString()).contains("Usage: ksplat run");
        assertThat(ksplat("help", "troubleshooting")).isEqualTo(3);
        assertThat(err.toString()).contains("the guides are not found", folder.toString());
    }

    @Test
    void whatIsBothIsPrintedAsBoth() {
        assertThat(ksplat("help", "kernels")).isZero();
        assertThat(out.toString()).contains("Usage: ksplat kernels", "# Kernels", "File: ");
    }

    @Test
    void namesWhatTheLauncherDoes() {
        assertThat(ksplat("--help")).isZero();
        assertThat(out.toString()).contains("ksplat verify", "ksplat dist");
        for (String name : HelpCommand.LAUNCHERS.keySet()) {
            out.getBuffer().setLength(0);
            assertThat(ksplat("help", name)).isZero();
            assertThat(out.toString()).startsWith("ksplat " + name + ": ").contains("./ksplat " + name + " --help");
        }
    }

    /** A command and those below it. */
    private static Stream<CommandSpec> all(CommandSpec command) {
        return Stream.concat(
                Stream.of(command),
                command.subcommands().values().stream().flatMap(below -> all(below.getCommandSpec())));
    }

    @Test
    void eachOptionSaysWhatItIs() {
        List<ArgSpec> arguments = all(Main.commandLine(false).getCommandSpec())
                .flatMap(command -> command.args().stream())
                .toList();

        assertThat(arguments).hasSizeGreaterThan(200);
        assertThat(arguments)
                .filteredOn(argument -> String.join(" ", argument.description()).matches("|Default:? [^ ]+"))
                .extracting(argument -> argument.command().qualifiedName() + " " + argument.paramLabel())
                .isEmpty();
    }

    @Test
    void namesWhatAProgramHasIfNothingIsSaid() {
        assertThat(ksplat("run", "--help")).isZero();
        assertThat(out.toString().replaceAll("\\s+", " "))
                .contains("CPUs, default 2.", "default 256M.", "within 10s of the guest's time", "debian[:SUITE]");
        assertThat(MachineNeeds.STANDARD.cpus()).isEqualTo(2);
        assertThat(MachineNeeds.STANDARD.memoryMiB()).isEqualTo(256);
    }

    @Test
    void whatIsNoneNamesThoseThatAre() {
        assertThat(ksplat("help", "trobleshooting")).isEqualTo(2);
        assertThat(err.toString()).contains("no guide and no command trobleshooting", "troubleshooting");
    }

    @Test
    void eachGuideThatAnErrorMayNameIsThere() throws IOException {
        List<String> names = guides().stream().map(Guides.Guide::name).toList();
        assertThat(names).containsAll(ErrorGuide.OF_COMMANDS.values());
        assertThat(names)
                .contains(ErrorGuide.TROUBLESHOOTING, ErrorGuide.KERNELS, ErrorGuide.REPORTS, ErrorGuide.REPRODUCERS);
        assertThat(Main.commandLine(false).getSubcommands().keySet()).containsAll(ErrorGuide.OF_COMMANDS.keySet());
    }

    @Test
    void anErrorEndsWithItsGuide() {
        CommandLine run = Main.commandLine(false).getSubcommands().get("run");
        CommandLine patch = Main.commandLine(false).getSubcommands().get("patch");
        BadSpecException spec = assertThrows(BadSpecException.class, () -> KernelSpec.parse("7.2"));

        assertThat(ErrorGuide.told(spec, run)).endsWith("; see: ksplat help kernels");
        assertThat(ErrorGuide.told(new MachineException("no QEMU"), patch))
                .endsWith("; see: ksplat help troubleshooting");
        assertThat(ErrorGuide.told(new IOException("no such file"), patch)).endsWith("; see: ksplat help patch-trials");
        assertThat(ErrorGuide.told(new IOException("no such file"), run))
                .endsWith("; see: ksplat help troubleshooting");
        assertThat(ErrorGuide.told(new IllegalArgumentException("A.java does not compile:\n  line 3: ;"), run))
                .endsWith("line 3: ;\nsee: ksplat help writing-a-reproducer");
    }

    @Test
    void wrongWordsNameTheirGuideToo() {
        assertThat(ksplat("kernels", "rm")).isEqualTo(2);
        assertThat(err.toString()).endsWith("Try: ksplat kernels rm --help; see: ksplat help kernels\n");
        err.getBuffer().setLength(0);
        assertThat(ksplat("bisect", "--good", "debian:6.12")).isEqualTo(2);
        assertThat(err.toString()).endsWith("see: ksplat help bisection\n");
        err.getBuffer().setLength(0);
        assertThat(ksplat("no-such-command")).isEqualTo(2);
        assertThat(err.toString()).endsWith("Try: ksplat --help; see: ksplat help troubleshooting\n");
    }
}
