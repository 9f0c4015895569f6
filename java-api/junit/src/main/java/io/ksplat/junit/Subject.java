// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;
import io.ksplat.libbpf.BpfObjectFile;
import io.ksplat.libbpf.KernelBtf;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a reproducer's annotations say of one of its experiments.
 *
 * @param testCase where a reproducer has several, see {@link Case}
 */
record Subject(Class<?> type, Method method, Reproducer reproducer, Optional<String> testCase) {
    private static final Pattern CASE = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

    Subject {
        testCase.ifPresent(name -> {
            if (!CASE.matcher(name).matches()) {
                throw new IllegalStateException("\"" + name + "\" is no name of a case: lower-case words joined by "
                        + "hyphens; a parameterised test says @ParameterizedTest(name = \"{0}\")");
            }
        });
    }

    static Subject of(Class<?> type, Method method, Optional<String> testCase) {
        Reproducer reproducer = type.getAnnotation(Reproducer.class);
        if (reproducer == null) {
            throw new IllegalStateException(type.getName() + " has no @Reproducer");
        }
        return new Subject(type, method, reproducer, testCase);
    }

    /** The reproducer's, with the case after a slash. */
    String id() {
        return reproducer.id() + testCase.map(name -> "/" + name).orElse("");
    }

    String bpf() {
        return reproducer.bpf();
    }

    List<String> bootParameters() {
        return needs().map(Needs::boot)
                .filter(line -> !line.isBlank())
                .flatMap(line -> Arrays.stream(line.strip().split("\\s+")))
                .toList();
    }

    /** A range on the method counts before one on the class; none means that the kernel is too old for it. */
    Verdict expectedOn(String release) {
        return expectation(method, release).or(() -> expectation(type, release)).orElse(Verdict.UNSUPPORTED);
    }

    private Optional<Verdict> expectation(AnnotatedElement element, String release) {
        return Arrays.stream(element.getAnnotationsByType(Expect.class))
                .filter(expect -> concerns(expect.cases()))
                .filter(expect -> KernelRange.parse(expect.kernels()).contains(release))
                .map(Expect::verdict)
                .findFirst();
    }

    private Stream<Needs> needs() {
        return Arrays.stream(type.getAnnotationsByType(Needs.class)).filter(needed -> concerns(needed.cases()));
    }

    private boolean concerns(String[] cases) {
        return cases.length == 0
                || testCase.filter(Arrays.asList(cases)::contains).isPresent();
    }

    /** What it needs and the kernel has not. */
    Optional<String> lacks(KernelBtf btf) {
        return needs().flatMap(needed -> Stream.concat(
                        Arrays.stream(needed.kfuncs())
                                .filter(name -> !btf.hasKfunc(name))
                                .map(name -> "kfunc " + name),
                        Arrays.stream(needed.functions())
                                .filter(name -> !btf.hasFunction(name))
                                .map(name -> "function " + name)))
                .findFirst();
    }

    /**
     * Checks an object before any machine starts.
     *
     * @throws IOException where it calls kernel functions that {@link Needs} does not name: an older kernel would then be an error
     */
    void check(BpfObjectFile file) throws IOException {
        TreeSet<String> undeclared = new TreeSet<>(file.requiredKfuncs());
        needs().forEach(needed -> Arrays.asList(needed.kfuncs()).forEach(undeclared::remove));
        if (!undeclared.isEmpty()) {
            throw new IOException(bpf() + " calls " + String.join(", ", undeclared)
                    + ": name them in @Needs(kfuncs) of " + type.getSimpleName());
        }
        if (file.programs().isEmpty()) {
            throw new IOException(bpf() + " has no program: give one a SEC(\"...\")");
        }
    }
}
