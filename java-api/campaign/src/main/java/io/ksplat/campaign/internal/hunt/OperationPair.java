// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Writes an operation as a reproducer: a Java class and its BPF C, which every command takes. */
final class OperationPair {
    private static final String SOURCES = "/io/ksplat/reproducers/operations/";
    private static final String CONTEXTS = "operation.bpf.h";
    private static final String OTHER = "other.bpf.h";

    /** What the BPF C has for a preparation, by name. */
    private static final Pattern PREPARED = Pattern.compile("\"(set_up|target_pid|shared|on_mkdir)\"");

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
        Files.writeString(
                folder.resolve(bpf),
                "// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
                        + repetition.before()
                        + (operation.other().isPresent() ? both(operation) : one(operation))
                        + repetition.behind());
        for (String header : headers(operation)) {
            Files.writeString(folder.resolve(header), resource(SOURCES + header));
        }
        String text = resource(repetition.template());
        Map<String, String> words = Map.of(
                "@ID@", id,
                "@BPF@", bpf,
                "@NAME@", operation.inTask(),
                "@NMI@", operation.inNmi(),
                "@NEEDS@", needs(operation),
                "@VERDICT@", verdict.name(),
                "@BECAUSE@", because,
                "@TYPE@", type(id),
                "@PREPARE@", prepared(operation).indent(8).stripTrailing(),
                "@AGAIN@", repetition.words());
        for (Map.Entry<String, String> word : words.entrySet()) {
            text = text.replace(word.getKey(), word.getValue());
        }
        Path java = folder.resolve(type(id) + ".java");
        Files.writeString(java, text);
        return java;
    }

    private static List<String> headers(Operation operation) {
        List<String> headers = new ArrayList<>(List.of(family(operation), CONTEXTS));
        operation.other().ifPresent(inNmi -> headers.addAll(List.of(family(inNmi), OTHER)));
        return headers;
    }

    private static String family(Operation operation) {
        return operation.file() + ".bpf.h";
    }

    private static String one(Operation operation) {
        return lines("#define ", operation.macros()) + "#include \"" + family(operation) + "\"\n";
    }

    /** What the task does stands before the names of what the NMI does are changed. */
    private static String both(Operation operation) {
        return "#define OTHER\n"
                + (operation.hasOneObject() ? "" : "#define OTHER_OBJECTS\n")
                + one(operation)
                + "#include \"" + OTHER + "\"\n"
                + lines("#undef ", operation.macros())
                + operation.other().map(OperationPair::one).orElse("")
                + (preparesOther(operation) ? "OTHER_SET_UP\n" : "");
    }

    private static String lines(String directive, List<String> names) {
        return names.stream().map(name -> directive + name + "\n").collect(Collectors.joining());
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
        return all.append(resource(SOURCES + CONTEXTS))
                .append(resource(SOURCES + OTHER))
                .toString();
    }

    private static String needs(Operation operation) {
        return "kfuncs = {" + quoted(operation.kfuncs().stream()) + "}, functions = {"
                + quoted(Stream.concat(Stream.of("vfs_unlink"), operation.functions().stream())) + "}, boot = \""
                + operation.boot() + '"';
    }

    private static String quoted(Stream<String> names) {
        return names.map(name -> '"' + name + '"').collect(Collectors.joining(", "));
    }

    /** Objects that are for both are made once. A map is filled for each: an update needs no elements, and a delete does. */
    private static boolean preparesOther(Operation operation) {
        return !operation.hasOneObject() || operation.preparation() == Operation.Preparation.ONCE;
    }

    private static String prepared(Operation operation) {
        return preparation(operation, "")
                + operation
                        .other()
                        .filter(inNmi -> preparesOther(operation))
                        .map(inNmi -> "\n" + preparation(inNmi, "other_"))
                        .orElse("");
    }

    /** Returns the statements. */
    private static String preparation(Operation operation, String begin) {
        return PREPARED.matcher(preparation(operation)).replaceAll("\"" + begin + "$1\"");
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
