// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "new",
        description = "Begins a reproducer: a Java file and its BPF C, which run as they are.",
        mixinStandardHelpOptions = true)
final class NewCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "ID", description = "Lower-case words joined by hyphens: my-repro.")
    @SuppressWarnings("NullAway.Init")
    private String id;

    @Option(names = "--dir", paramLabel = "DIR", description = "Where to, default the current folder.")
    private Path folder = Path.of("");

    @Override
    public Integer call() throws IOException {
        if (!id.matches("[a-z][a-z0-9]*(-[a-z0-9]+)*")) {
            throw new ParameterException(
                    spec.commandLine(), "\"" + id + "\" is no id: lower-case words joined by hyphens, my-repro say");
        }
        String type = Arrays.stream(id.split("-", -1))
                .map(word -> word.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + word.substring(1))
                .collect(Collectors.joining());
        Path java = folder.resolve(type + ".java");
        Path bpf = folder.resolve(id.replace('-', '_') + ".bpf.c");
        for (Path file : new Path[] {java, bpf}) {
            if (Files.exists(file)) {
                throw new ParameterException(spec.commandLine(), file + " is there already: take another id");
            }
        }
        Files.createDirectories(folder.toAbsolutePath());
        write(java, "Reproducer.java.txt", type, bpf);
        write(bpf, "reproducer.bpf.c", type, bpf);
        PrintWriter out = spec.commandLine().getOut();
        out.println("Wrote " + java + " and " + bpf + ". To run them: ksplat run " + java);
        out.flush();
        return Exit.EXPECTED;
    }

    private void write(Path file, String template, String type, Path bpf) throws IOException {
        try (InputStream in = NewCommand.class.getResourceAsStream(template)) {
            if (in == null) {
                throw new IOException(template + " is not in ksplat's jar");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("@ID@", id)
                    .replace("@TYPE@", type)
                    .replace("@BPF@", String.valueOf(bpf.getFileName()));
            Files.writeString(file, text, StandardOpenOption.CREATE_NEW);
        }
    }
}
