// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The examples in the Javadoc of public types, and in the guides, compile as they stand there. */
class JavadocExamplesTest {
    private static final List<Path> SOURCES = Stream.of(
                    "evidence", "kernel", "bpf", "results", "machine", "engine", "junit", "container")
            .map(module -> Path.of("../" + module + "/src/main/java"))
            .toList();

    /** What a reader begins with: without an example it is a page of names. */
    private static final Set<String> MUST_HAVE = Set.of(
            "BpfObject",
            "BpfObjectSpec",
            "BpfProgram",
            "BpfMap",
            "TypedMap",
            "RingBuffer",
            "Global",
            "BpfTarget",
            "LocalTarget",
            "VerifierException",
            "BpfObjectFile",
            "BpfCompiler",
            "BtfCodec",
            "GuestProcess",
            "Nmi",
            "Aim",
            "Storm",
            "Machine",
            "Controls",
            "ProgramReports",
            "Reproducer",
            "Needs",
            "Expect",
            "BeforeSnapshot",
            "Case",
            "EnabledOnKernel",
            "KernelTest",
            "ConsoleParser",
            "BpfStreamParser",
            "Evidence",
            "Findings");

    private static final Pattern BLOCK =
            Pattern.compile("<pre>\\{@code\n(.*?)\n \\* \\}</pre>|\\{@snippet *:\n(.*?)\n \\* \\}", Pattern.DOTALL);
    private static final Pattern FENCED = Pattern.compile("^```java\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern IMPORT = Pattern.compile("^import ", Pattern.MULTILINE);
    private static final Pattern PUBLIC_TYPE = Pattern.compile("^public ", Pattern.MULTILINE);
    private static final Pattern TYPE =
            Pattern.compile("^(@.*\n|\\s+.*\n)*(public |final |static )*class ", Pattern.MULTILINE);

    /** What an example may speak of without saying where it has it from; its own variables hide these. */
    private static final String AROUND = """
            class Around {
                io.ksplat.engine.Machine machine;
                io.ksplat.bpf.BpfObject bpf;
                io.ksplat.machine.internal.Guest guest;
                io.ksplat.engine.Session session;
                io.ksplat.engine.Scenario scenario;
                io.ksplat.machine.Target target;
                io.ksplat.machine.GuestProcess child;
                io.ksplat.bpf.BpfObjectFile file;
                io.ksplat.evidence.Evidence evidence;
                io.ksplat.machine.internal.qemu.LaunchSpec command;
                String image;
                record Limits(int low, int high) {}
            }
            """;

    @TempDir
    Path folder;

    private record Example(String type, int number, String text) {
        String name() {
            return type + number;
        }

        /** As a file: what imports is one, a class stands for itself, a method is put into a class, and statements into a method. */
        String unit() throws IOException {
            if (IMPORT.matcher(text).find()) {
                return text;
            }
            String head = imports();
            if (text.startsWith("@Test")) {
                return head + "class " + name() + " extends Around {\n" + text + "\n}\n" + AROUND;
            }
            return TYPE.matcher(text).lookingAt()
                    ? head + text + "\n" + AROUND
                    : head + "class " + name() + " extends Around {\n    void example() throws Exception {\n" + text
                            + "\n    }\n}\n" + AROUND;
        }

        /** By name for what has a double elsewhere. */
        private static String imports() throws IOException {
            Set<String> single = new TreeSet<>();
            try (Stream<Path> files =
                    Files.list(Path.of("../junit/src/main/java").resolve("io/ksplat/junit"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    if (PUBLIC_TYPE.matcher(Files.readString(file)).find()) {
                        single.add("io.ksplat.junit."
                                + file.getFileName().toString().replace(".java", ""));
                    }
                }
            }
            return Stream.concat(
                            single.stream(),
                            Stream.of(
                                    "io.ksplat.container.*",
                                    "io.ksplat.engine.*",
                                    "io.ksplat.results.*",
                                    "io.ksplat.evidence.*",
                                    "io.ksplat.evidence.Stack",
                                    "io.ksplat.bpf.*",
                                    "io.ksplat.kernel.Symbol",
                                    "io.ksplat.kernel.*",
                                    "io.ksplat.machine.*",
                                    "io.ksplat.machine.MachineException",
                                    "io.ksplat.machine.Register",
                                    "io.ksplat.machine.Registers",
                                    "java.io.IOException",
                                    "java.nio.file.*",
                                    "java.time.Duration",
                                    "java.util.*",
                                    "java.util.function.Consumer",
                                    "org.junit.jupiter.api.*",
                                    "static io.ksplat.evidence.Verdict.*",
                                    "static io.ksplat.machine.Register.*",
                                    "static org.assertj.core.api.Assertions.assertThat"))
                    .map(name -> "import " + name + ";\n")
                    .collect(Collectors.joining());
        }
    }

    private static List<Example> examples() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (Path root : SOURCES) {
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                        .sorted()
                        .toList()) {
                    String source = Files.readString(file);
                    List<String> blocks = BLOCK.matcher(source)
                            .results()
                            .map(block -> block.group(1) == null ? block.group(2) : block.group(1))
                            .toList();
                    String type = file.getFileName().toString().replace(".java", "");
                    for (int i = 0;
                            i < blocks.size() && PUBLIC_TYPE.matcher(source).find();
                            i++) {
                        examples.add(new Example(type, i, blocks.get(i).replaceAll("(?m)^ \\* ?", "")));
                    }
                }
            }
        }
        return examples;
    }

    private static List<Example> guides() throws IOException {
        List<Example> examples = new ArrayList<>();
        List<Path> pages = new ArrayList<>(List.of(Path.of("../../README.md")));
        try (Stream<Path> docs = Files.list(Path.of("../../docs"))) {
            docs.filter(page -> page.toString().endsWith(".md")).sorted().forEach(pages::add);
        }
        for (Path page : pages) {
            String name = String.valueOf(page.getFileName()).replace(".md", "").replace('-', '_');
            String type = (page.getParent().endsWith("docs") ? "Guide_" : "Page_") + name;
            for (MatchResult block :
                    FENCED.matcher(Files.readString(page)).results().toList()) {
                examples.add(new Example(type, examples.size(), block.group(1)));
            }
        }
        return examples;
    }

    @Test
    void guidesHaveExamples() throws IOException {
        assertThat(guides().stream().map(Example::type))
                .contains("Guide_java_api", "Guide_own_reproducers", "Guide_writing_a_reproducer");
    }

    @Test
    void whatAReaderBeginsWithHasAnExample() throws IOException {
        assertThat(examples().stream().map(Example::type)).containsAll(MUST_HAVE);
    }

    /** Its own, or that of the type which gives it. */
    @Test
    void everyTypeOfTheApiIsInAnExample() throws Exception {
        List<Example> all = examples();
        assertThat(PublicApiTest.api().stream().map(name -> name.substring(name.lastIndexOf('.') + 1)))
                .allSatisfy(type -> assertThat(all)
                        .as("examples of " + type)
                        .anyMatch(example -> example.type().equals(type)
                                || Pattern.compile("\\b" + type + "\\b")
                                        .matcher(example.text())
                                        .find()));
    }

    /** In one call of the compiler, each in a package of its own: it reads the class path once. */
    @TestFactory
    Stream<DynamicTest> compile() throws IOException {
        List<Example> all =
                Stream.concat(examples().stream(), guides().stream()).toList();
        Map<String, List<String>> errors = errors(all);
        assertThat(errors).as("errors of no example").doesNotContainKey("");
        return all.stream()
                .map(example -> DynamicTest.dynamicTest(
                        example.name(),
                        () -> assertThat(errors.getOrDefault(example.name(), List.of()))
                                .as(example.unit())
                                .isEmpty()));
    }

    /** The compiler's errors, by the name of the example. */
    private Map<String, List<String>> errors(List<Example> examples) throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Example example : examples) {
            Path file = Files.createDirectories(folder.resolve(example.name())).resolve(example.name() + ".java");
            String unit = example.unit();
            sources.add(Files.writeString(
                    file, unit.startsWith("package ") ? unit : "package " + example.name() + ";\n" + unit));
        }
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files =
                compiler.getStandardFileManager(found, Locale.ROOT, StandardCharsets.UTF_8)) {
            List<String> options = List.of(
                    "-proc:none",
                    "-Xmaxerrs",
                    "1000",
                    "-d",
                    folder.toString(),
                    "-classpath",
                    System.getProperty("java.class.path"));
            compiler.getTask(null, files, found, options, null, files.getJavaFileObjectsFromPaths(sources))
                    .call();
        }
        return found.getDiagnostics().stream()
                .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .collect(Collectors.groupingBy(
                        diagnostic -> diagnostic.getSource() == null
                                ? ""
                                : Path.of(diagnostic.getSource().toUri())
                                        .getFileName()
                                        .toString()
                                        .replace(".java", ""),
                        Collectors.mapping(Object::toString, Collectors.toList())));
    }
}
