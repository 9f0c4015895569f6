// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Writes an operation as a reproducer: a Java class and its BPF C, which every command takes. */
final class OperationPair {
    private static final String SOURCES = "/io/ksplat/reproducers/operations/";
    private static final String CONTEXTS = "operation.bpf.h";

    private OperationPair() {}

    /**
     * Writes it.
     *
     * @param id of the reproducer
     * @param repetition how it does the operation once more
     * @param verdict what it is expected to show, and why
     * @return the Java file
     */
    static Path write(
            Path folder, Operation operation, String id, Repetition repetition, Verdict verdict, String because)
            throws IOException {
        Files.createDirectories(folder);
        String bpf = id.replace('-', '_') + ".bpf.c";
        String family = operation.file() + ".bpf.h";
        Files.writeString(
                folder.resolve(bpf),
                "// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
                        + repetition.before()
                        + operation.macros().stream()
                                .map(macro -> "#define " + macro + "\n")
                                .collect(Collectors.joining())
                        + "#include \"" + family + "\"\n"
                        + repetition.behind());
        for (String header : List.of(family, CONTEXTS)) {
            Files.writeString(folder.resolve(header), resource(SOURCES + header));
        }
        String text = resource(repetition.template());
        Map<String, String> words = Map.of(
                "@ID@", id,
                "@BPF@", bpf,
                "@NAME@", operation.name(),
                "@NEEDS@", needs(operation),
                "@VERDICT@", verdict.name(),
                "@BECAUSE@", because,
                "@TYPE@", type(id),
                "@PREPARE@", preparation(operation).indent(8).stripTrailing(),
                "@AGAIN@", repetition.words());
        for (Map.Entry<String, String> word : words.entrySet()) {
            text = text.replace(word.getKey(), word.getValue());
        }
        Path java = folder.resolve(type(id) + ".java");
        Files.writeString(java, text);
        return java;
    }

    private static String type(String id) {
        return Arrays.stream(id.split("-", -1))
                .map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
                .collect(Collectors.joining());
    }

    /** Returns the text of everything that operations are made of. */
    static String sources() throws IOException {
        StringBuilder all = new StringBuilder(resource(new Repetition.InNmi("").template()))
                .append(resource(new Repetition.AtPlaces(List.of()).template()));
        for (String file : Operations.named(List.of()).stream()
                .map(Operation::file)
                .distinct()
                .toList()) {
            all.append(resource(SOURCES + file + ".bpf.h"));
        }
        return all.append(resource(SOURCES + CONTEXTS)).toString();
    }

    private static String needs(Operation operation) {
        return "kfuncs = {" + quoted(operation.kfuncs().stream()) + "}, functions = {"
                + quoted(Stream.concat(Stream.of("vfs_unlink"), operation.functions().stream())) + "}, boot = \""
                + operation.boot() + '"';
    }

    private static String quoted(Stream<String> names) {
        return names.map(name -> '"' + name + '"').collect(Collectors.joining(", "));
    }

    private static String preparation(Operation operation) {
        return switch (operation.preparation()) {
            case ONCE -> "bpf.program(\"set_up\").runOn(0);";
            case EACH_OBJECT -> """
                    for (int i = 0; i < OBJECTS; i++) {
                        bpf.program("set_up").run();
                    }""";
            case DEAD_TASKS -> """
                    for (int i = 0; i < OBJECTS; i++) {
                        GuestProcess child = machine.spawnParked(1);
                        bpf.global("target_pid").set(child.pid());
                        bpf.program("set_up").run();
                        child.exitAndReap();
                    }
                    machine.await("the map holds the last references", () -> bpf.program("shared").run() == 0);""";
            case DEAD_CGROUPS -> """
                    BpfProgram.Link making = bpf.program("on_mkdir").attach();
                    for (int i = 0; i < OBJECTS; i++) {
                        machine.makeDirectory("/sys/fs/cgroup/ksplat" + i);
                    }
                    making.close();
                    for (int i = 0; i < OBJECTS; i++) {
                        machine.remove("/sys/fs/cgroup/ksplat" + i);
                    }
                    machine.await("the map holds the last references", () -> bpf.program("shared").run() == 0);""";
        };
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = OperationPair.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("there is no " + name + " on the class path: put ksplat's reproducers there");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
