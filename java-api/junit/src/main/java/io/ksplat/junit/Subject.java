// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelRange;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the annotations of a reproducer or of a kernel test say of one of its experiments.
 *
 * @param name the reproducer's id, or the test's class and method
 * @param source the BPF C file; a kernel test may have none
 * @param testCase where a reproducer has several, see {@link Case}
 * @param judged whether the verdict is all that counts, as of a reproducer; else the method's own assertions do, too
 */
record Subject(
        Class<?> type, Method method, String name, Optional<String> source, Optional<String> testCase, boolean judged) {
    private static final Pattern CASE = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

    Subject {
        testCase.ifPresent(word -> {
            if (!CASE.matcher(word).matches()) {
                throw new IllegalStateException("\"" + word + "\" is no name of a case: lower-case words joined by "
                        + "hyphens; a parameterised test says @ParameterizedTest(name = \"{0}\")");
            }
        });
    }

    /**
     * The subject of a method, or of one invocation of it.
     *
     * @param testCase a reproducer's case; of a kernel test, the invocation's number
     */
    static Subject of(Class<?> type, Method method, Optional<String> testCase) {
        Reproducer reproducer = type.getAnnotation(Reproducer.class);
        if (reproducer != null) {
            return new Subject(type, method, reproducer.id(), Optional.of(reproducer.bpf()), testCase, true);
        }
        KernelTest test = type.getAnnotation(KernelTest.class);
        if (test == null) {
            throw new IllegalStateException(type.getName() + " has neither @Reproducer nor @KernelTest");
        }
        return new Subject(
                type,
                method,
                type.getName() + "/" + method.getName()
                        + testCase.map(number -> "-" + number).orElse(""),
                Optional.of(test.bpf()).filter(file -> !file.isEmpty()),
                Optional.empty(),
                false);
    }

    boolean sharesMachine() {
        KernelTest test = type.getAnnotation(KernelTest.class);
        return !judged && test != null && test.machine() == KernelTest.MachinePer.CLASS;
    }

    /** The name, with the case after a slash. */
    String id() {
        return name + testCase.map(name -> "/" + name).orElse("");
    }

    /** The BPF C file, of a subject that has one. */
    String bpf() {
        return source.orElseThrow(() -> new IllegalStateException(type.getName() + " names no BPF C file"));
    }

    List<String> bootParameters() {
        return needs().map(Needs::boot)
                .filter(line -> !line.isBlank())
                .flatMap(line -> Arrays.stream(line.strip().split("\\s+")))
                .toList();
    }

    /**
     * A range on the method counts before one on the class; none means that the kernel is too old for it. A test that expects
     * nothing in particular wants a kernel that lives.
     */
    Verdict expectedOn(String release) {
        return expectation(release)
                .map(Expect::verdict)
                .orElse(saysWhatItExpects() ? Verdict.UNSUPPORTED : Verdict.CLEAN);
    }

    /** Why it expects that, where it says so. */
    Optional<String> reasonOn(String release) {
        return expectation(release).map(Expect::because).filter(why -> !why.isEmpty());
    }

    private Optional<Expect> expectation(String release) {
        return expectation(method, release).or(() -> expectation(type, release));
    }

    boolean saysWhatItExpects() {
        return judged
                || method.getAnnotationsByType(Expect.class).length > 0
                || type.getAnnotationsByType(Expect.class).length > 0;
    }

    /** Why it is not meant for kernels of this version. */
    Optional<String> disabledOn(String release) {
        return Stream.of(method, type)
                .flatMap(element -> Arrays.stream(element.getAnnotationsByType(EnabledOnKernel.class)))
                .filter(enabled -> !KernelRange.parse(enabled.value()).contains(release))
                .map(enabled -> release + " is not in " + enabled.value()
                        + (enabled.because().isEmpty() ? "" : ": " + enabled.because()))
                .findFirst();
    }

    private Optional<Expect> expectation(AnnotatedElement element, String release) {
        return Arrays.stream(element.getAnnotationsByType(Expect.class))
                .filter(expect -> concerns(expect.cases()))
                .filter(expect -> KernelRange.parse(expect.kernels()).contains(release))
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
                                .filter(names -> either(names).noneMatch(btf::hasKfunc))
                                .map(names -> "kfunc " + either(names).collect(Collectors.joining(" or "))),
                        Arrays.stream(needed.functions())
                                .filter(names -> either(names).noneMatch(btf::hasFunction))
                                .map(names -> "function " + either(names).collect(Collectors.joining(" or ")))))
                .findFirst();
    }

    /**
     * What its sources find defined: the case {@code task-hash} as {@code CASE_task_hash}, and {@code HAS_bpf_new} where the kernel
     * has it and {@code bpf_new|bpf_old} is needed.
     */
    List<String> macros(KernelBtf btf) {
        return Stream.of(
                        testCase.map(name -> "CASE_" + name.replace('-', '_')).stream(),
                        eitherOf(Needs::kfuncs).filter(btf::hasKfunc).map(name -> "HAS_" + name),
                        eitherOf(Needs::functions).filter(btf::hasFunction).map(name -> "HAS_" + name))
                .flatMap(names -> names)
                .toList();
    }

    private Stream<String> eitherOf(Function<Needs, String[]> kind) {
        return needs().flatMap(needed -> Arrays.stream(kind.apply(needed)))
                .filter(names -> names.contains("|"))
                .flatMap(Subject::either);
    }

    private static Stream<String> either(String names) {
        return Arrays.stream(names.split("\\|", -1));
    }

    /**
     * Checks an object before any machine starts.
     *
     * @throws IOException where it calls kernel functions that {@link Needs} does not name: an older kernel would then be an error
     */
    void check(BpfObjectFile file) throws IOException {
        TreeSet<String> undeclared = new TreeSet<>(file.requiredKfuncs());
        needs().flatMap(needed -> Arrays.stream(needed.kfuncs()))
                .flatMap(Subject::either)
                .forEach(undeclared::remove);
        if (!undeclared.isEmpty()) {
            throw new IOException(bpf() + " calls " + String.join(", ", undeclared)
                    + ": name them in @Needs(kfuncs) of " + type.getSimpleName());
        }
        if (file.programs().isEmpty()) {
            throw new IOException(bpf() + " has no program: give one a SEC(\"...\")");
        }
    }
}
