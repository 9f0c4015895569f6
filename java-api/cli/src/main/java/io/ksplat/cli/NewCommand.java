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
import java.util.LinkedHashMap;
import java.util.Map;
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
        description =
                "Begins a reproducer that runs as it is: a Java class and its BPF C, BPF C with annotations, or a C program.",
        mixinStandardHelpOptions = true)
final class NewCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "ID", description = "Lower-case words joined by hyphens: my-repro.")
    @SuppressWarnings("NullAway.Init")
    private String id;

    @Option(
            names = "--selftest",
            description = "Begin BPF C with the annotations of the kernel's selftests, which needs no Java.")
    private boolean selftest;

    @Option(names = "--program", description = "Begin a C program, which needs neither Java nor BPF.")
    private boolean program;

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
        String stem = id.replace('-', '_');
        Path bpf = folder.resolve(stem + ".bpf.c");
        Map<Path, String> templates = new LinkedHashMap<>();
        if (selftest && program) {
            throw new ParameterException(spec.commandLine(), "--program and --selftest: one of them");
        }
        if (program) {
            templates.put(folder.resolve(stem + ".c"), "program.c");
        } else if (selftest) {
            templates.put(bpf, "selftest.bpf.c");
        } else {
            templates.put(folder.resolve(type + ".java"), "Reproducer.java.txt");
            templates.put(bpf, "reproducer.bpf.c");
        }
        for (Path file : templates.keySet()) {
            if (Files.exists(file)) {
                throw new ParameterException(spec.commandLine(), file + " is there already: take another id");
            }
        }
        Files.createDirectories(folder.toAbsolutePath());
        for (Map.Entry<Path, String> file : templates.entrySet()) {
            write(
                    file.getKey(),
                    file.getValue(),
                    Map.of("@ID@", id, "@TYPE@", type, "@BPF@", stem + ".bpf.c", "@STEM@", stem));
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println("Wrote "
                + templates.keySet().stream().map(Path::toString).collect(Collectors.joining(" and "))
                + (templates.size() == 1 ? ". To run it" : ". To run them") + ": ksplat run "
                + templates.keySet().iterator().next());
        out.flush();
        return Exit.EXPECTED;
    }

    private static void write(Path file, String template, Map<String, String> words) throws IOException {
        try (InputStream in = NewCommand.class.getResourceAsStream(template)) {
            if (in == null) {
                throw new IOException(template + " is not in ksplat's jar");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            for (Map.Entry<String, String> word : words.entrySet()) {
                text = text.replace(word.getKey(), word.getValue());
            }
            Files.writeString(file, text, StandardOpenOption.CREATE_NEW);
        }
    }
}
