// SPDX-License-Identifier: Apache-2.0
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/** Writes man pages in AsciiDoc, and completion for bash, of all of ksplat's commands. */
final class Manual {
    private Manual() {}

    public static void main(String[] folder) throws ReflectiveOperationException, IOException {
        // Not public: ksplat's command line is no API.
        Method all = Class.forName("io.ksplat.cli.Main").getDeclaredMethod("commandLine", boolean.class, String[].class);
        all.setAccessible(true);
        CommandLine ksplat = (CommandLine) all.invoke(null, false, new String[0]);
        File pages = new File(folder[0], "adoc");
        Files.createDirectories(pages.toPath());
        if (ManPageGenerator.generateManPage(pages, null, new boolean[0], true, ksplat.getCommandSpec()) != 0) {
            throw new IOException("no man pages of " + ksplat.getCommandName());
        }
        Files.writeString(Path.of(folder[0], "ksplat.bash"), AutoComplete.bash("ksplat", ksplat));
    }
}
