// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** API is what lies directly in {@code io.ksplat.X}; all else that is public lies in {@code io.ksplat.X.internal}. */
class PublicApiTest {
    private static final List<String> MODULES =
            List.of("evidence", "kernel", "bpf", "results", "machine", "engine", "junit", "container");

    /** Counted by hand, so that one more is a decision. */
    private static final int TYPES = 119;

    /** Where ksplat's own modules put API and its inside together: members that users have no use for. */
    private static final Set<String> SEAMS = Set.of(
            "io.ksplat.bpf.BpfObjectSpec.plan",
            "io.ksplat.bpf.BpfObject.<init>",
            "io.ksplat.machine.Aim.where",
            "io.ksplat.machine.GuestProcess.<init>",
            "io.ksplat.machine.GuestProcess.watch",
            "io.ksplat.machine.GuestKernel.of",
            "io.ksplat.machine.AgentException.of",
            "io.ksplat.machine.Nmi.<init>",
            "io.ksplat.machine.Nmi.symbols",
            "io.ksplat.machine.Nmi.targets",
            "io.ksplat.machine.Nmi.view",
            "io.ksplat.machine.Nmi.vm",
            "io.ksplat.engine.Controls.<init>",
            "io.ksplat.engine.ProgramReports.<init>",
            "io.ksplat.engine.Machine.<init>",
            "io.ksplat.engine.Machine.fixture",
            "io.ksplat.engine.Session.run",
            "io.ksplat.engine.Session.timings",
            "io.ksplat.engine.SessionOptions.<init>",
            "io.ksplat.engine.SessionOptions.launcher",
            "io.ksplat.engine.SessionOptions.on",
            "io.ksplat.engine.RunSettings$Capture.<init>",
            "io.ksplat.engine.RunSettings$Capture.hook",
            "io.ksplat.container.KernelContainer",
            "io.ksplat.container.KernelContainer.<init>",
            "io.ksplat.container.KernelContainer.address");

    private static final Pattern API = Pattern.compile("io\\.ksplat\\.\\w+\\.[A-Z]\\w*");

    private static Path sources(String module) {
        return Path.of("..", module, "src", "main", "java");
    }

    private static Set<String> api(String module) throws Exception {
        return publicTypes(module).stream()
                .map(PublicApiTest::top)
                .filter(name -> API.matcher(name).matches())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** All of it, by full names. */
    static Set<String> api() throws Exception {
        Set<String> all = new TreeSet<>();
        for (String module : MODULES) {
            all.addAll(api(module));
        }
        return all;
    }

    private static List<Class<?>> publicTypes(String module) throws Exception {
        Path root = Path.of("..", module, "target", "classes");
        List<Class<?>> types = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".class")).toList()) {
                String name = root.relativize(file).toString().replace('/', '.').replaceFirst("\\.class$", "");
                if (name.startsWith("io.ksplat.") && !name.endsWith("package-info")) {
                    Class<?> type = Class.forName(name, false, PublicApiTest.class.getClassLoader());
                    if (isShown(type)) {
                        types.add(type);
                    }
                }
            }
        }
        assertThat(types).as("public types of " + module).isNotEmpty();
        return types;
    }

    private static boolean isShown(Class<?> type) {
        for (Class<?> each = type; each != null; each = each.getEnclosingClass()) {
            if (!isShown(each.getModifiers())) {
                return false;
            }
        }
        return true;
    }

    private static boolean isShown(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static String top(Class<?> type) {
        Class<?> top = type;
        while (top.getEnclosingClass() != null) {
            top = top.getEnclosingClass();
        }
        return top.getName();
    }

    @Test
    void isSmall() throws Exception {
        assertThat(api()).hasSize(TYPES);
    }

    @Test
    void allElseIsInternal() throws Exception {
        for (String module : MODULES) {
            for (Class<?> type : publicTypes(module)) {
                String name = type.getPackageName();
                assertThat(name.equals("io.ksplat." + module)
                                || (name + ".").startsWith("io.ksplat." + module + ".internal."))
                        .as(type.getName())
                        .isTrue();
            }
        }
    }

    @Test
    void showsNothingButItself() throws Exception {
        Set<String> api = api();
        List<String> shown = new ArrayList<>();
        for (String module : MODULES) {
            for (Class<?> type : publicTypes(module)) {
                if (api.contains(top(type))) {
                    members(type)
                            .forEach((member, types) -> types.stream()
                                    .filter(used -> used.getName().startsWith("io.ksplat.") && !api.contains(top(used)))
                                    .filter(used -> !SEAMS.contains(member))
                                    .forEach(used -> shown.add(member + " shows " + used.getName())));
                }
            }
        }
        assertThat(shown).isEmpty();
    }

    /** What the signatures of a type and of its members name, by member. */
    private static Map<String, Set<Class<?>>> members(Class<?> type) {
        Map<String, Set<Class<?>>> members = new TreeMap<>();
        Set<Class<?>> own = members.computeIfAbsent(type.getName(), name -> new HashSet<>());
        collect(type.getGenericSuperclass(), own);
        Arrays.stream(type.getGenericInterfaces()).forEach(each -> collect(each, own));
        for (Field field : type.getDeclaredFields()) {
            if (isShown(field.getModifiers()) && !field.isSynthetic()) {
                collect(
                        field.getGenericType(),
                        members.computeIfAbsent(type.getName() + "." + field.getName(), name -> new HashSet<>()));
            }
        }
        Stream.concat(Arrays.stream(type.getDeclaredConstructors()), Arrays.stream(type.getDeclaredMethods()))
                .filter(each -> isShown(each.getModifiers()) && !each.isSynthetic())
                .forEach(each -> collect(
                        each,
                        members.computeIfAbsent(
                                type.getName() + "." + (each instanceof Constructor ? "<init>" : each.getName()),
                                name -> new HashSet<>())));
        return members;
    }

    private static void collect(Executable member, Set<Class<?>> into) {
        Arrays.stream(member.getGenericParameterTypes()).forEach(each -> collect(each, into));
        Arrays.stream(member.getGenericExceptionTypes()).forEach(each -> collect(each, into));
        if (member instanceof Method method) {
            collect(method.getGenericReturnType(), into);
        }
    }

    private static void collect(Type type, Set<Class<?>> into) {
        if (type instanceof Class<?> raw) {
            into.add(raw.isArray() ? raw.getComponentType() : raw);
        } else if (type instanceof ParameterizedType generic) {
            collect(generic.getRawType(), into);
            Arrays.stream(generic.getActualTypeArguments()).forEach(each -> collect(each, into));
        } else if (type instanceof GenericArrayType array) {
            collect(array.getGenericComponentType(), into);
        } else if (type instanceof WildcardType wildcard) {
            Arrays.stream(wildcard.getUpperBounds()).forEach(each -> collect(each, into));
        } else if (type instanceof TypeVariable<?> variable) {
            // A bound may name its own variable.
            Arrays.stream(variable.getBounds()).filter(Class.class::isInstance).forEach(each -> collect(each, into));
        }
    }

    /** These modules, and one exclusion. */
    @Test
    void isWhatIsComparedWithTheReleaseBefore() throws IOException {
        assertThat(Files.readString(Path.of("../../scripts/api-compare")))
                .contains("modules=(" + String.join(" ", MODULES) + ")")
                .contains("--exclude 'io.ksplat.*.internal'")
                .doesNotContain("--include");
    }

    /** Those of API and inside alike. */
    @Test
    void everyPublicTypeSaysWhatItIs() throws Exception {
        Pattern declaration = Pattern.compile(
                "^(?<doc>.*\\*/\n)?(?<annotations>(?:[ ]*@.*\n(?:[ ]{8,}.*\n|\\s*\\}\\)\n)*)*)(?:    )?public "
                        + "(?:(?:static|final|abstract|sealed|non-sealed) )*(?:class|interface|enum|record|@interface) (?<name>\\w+)",
                Pattern.MULTILINE);
        List<String> bare = new ArrayList<>();
        int seen = 0;
        for (String module : MODULES) {
            try (Stream<Path> files = Files.walk(sources(module))) {
                for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                        .filter(path -> !path.toString().contains("/internal/"))
                        .toList()) {
                    Matcher type = declaration.matcher(Files.readString(file));
                    while (type.find()) {
                        seen++;
                        if (type.group("doc") == null) {
                            bare.add(file.getFileName() + ": " + type.group("name"));
                        }
                    }
                }
            }
        }
        assertThat(seen).isGreaterThan(TYPES);
        assertThat(bare).as("public types without Javadoc").isEmpty();
    }
}
