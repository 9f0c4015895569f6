// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Compiles the BPF C that lies beside a reproducer's class, against a kernel's vmlinux.h, and keeps the object; keeps sources for a report. */
public final class BpfSources {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern INCLUDE = Pattern.compile("^\\s*#\\s*include\\s+\"([^\"/]+)\"", Pattern.MULTILINE);
    private static final Pattern OWN_SOURCE = Pattern.compile("[\\w+-][\\w.+-]*\\.[ch]");

    private static final long LARGEST = 4_000_000;

    private BpfSources() {}

    /**
     * The object's bytes.
     *
     * @param macros that the source finds defined
     * @throws io.ksplat.bpf.BpfCompileException where clang refuses it
     */
    public static byte[] object(
            Class<?> reproducer, String source, List<String> macros, Path kernelHeaders, Cache cache)
            throws IOException, InterruptedException {
        BpfCompiler compiler = BpfCompiler.find();
        Path folder = Files.createTempDirectory("ksplat-bpf-");
        try {
            Path copy = copy(reproducer, source, folder);
            if (!macros.isEmpty()) {
                String defines =
                        macros.stream().map(macro -> "#define " + macro + "\n").collect(Collectors.joining());
                Files.writeString(copy, defines + "#line 1\n" + Files.readString(copy));
            }
            return compiler.compile(copy, List.of(folder, kernelHeaders), LIMIT, cache);
        } finally {
            try (var files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    /**
     * Copies those of a reproducer's sources that have one of these names into the folder of a run, with the headers of their own that
     * they include. Names that lie elsewhere, as the kernel's own, are passed over.
     */
    public static void keep(Class<?> reproducer, Collection<String> names, Path folder) throws IOException {
        for (String name : names) {
            if (OWN_SOURCE.matcher(name).matches()
                    && reproducer.getResource(name) != null
                    && !Files.exists(folder.resolve(name))) {
                copy(reproducer, name, folder);
            }
        }
    }

    /** Copies a file of BPF C into the folder of a run, with those beside it that it includes and that are no headers. */
    public static void keep(Path source, Path folder) throws IOException {
        Path copy = folder.resolve(String.valueOf(source.getFileName()));
        // Nobody's mistake makes a report of gigabytes.
        if (Files.exists(copy) || Files.size(source) > LARGEST) {
            return;
        }
        Files.copy(source, copy);
        Matcher includes = INCLUDE.matcher(Files.readString(copy, StandardCharsets.ISO_8859_1));
        while (includes.find()) {
            Path included = source.resolveSibling(includes.group(1));
            if (included.toString().endsWith(".c") && Files.isRegularFile(included)) {
                keep(included, folder);
            }
        }
    }

    /** Copies a source, and the headers of its own folder that it includes, out of the class path. */
    private static Path copy(Class<?> reproducer, String name, Path folder) throws IOException {
        Path target = folder.resolve(name);
        try (InputStream in = reproducer.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("there is no " + name + " beside " + reproducer.getName()
                        + ": put it into the same folder, and have the build copy *.bpf.c as resources");
            }
            Files.copy(in, target);
        }
        Matcher includes = INCLUDE.matcher(Files.readString(target, StandardCharsets.UTF_8));
        while (includes.find()) {
            String header = includes.group(1);
            if (reproducer.getResource(header) != null && !Files.exists(folder.resolve(header))) {
                copy(reproducer, header, folder);
            }
        }
        return target;
    }
}
