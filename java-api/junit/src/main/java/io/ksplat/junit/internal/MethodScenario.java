// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.engine.BpfSource;
import io.ksplat.engine.Expectation;
import io.ksplat.engine.KernelNeeds;
import io.ksplat.engine.KernelVersions;
import io.ksplat.engine.Machine;
import io.ksplat.engine.Scenario;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Case;
import io.ksplat.junit.EnabledOnKernel;
import io.ksplat.junit.Expect;
import io.ksplat.junit.KernelTest;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the annotations of a reproducer or of a kernel test say of one of its methods, and the method's code. */
final class MethodScenario implements Scenario {
    private static final Pattern CASE = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

    private final Subject subject;
    private final Code code;

    /**
     * What makes the preparation of a method.
     *
     * @param name the reproducer's id, or the test's class and method
     * @param source the BPF C file; a kernel test may have none
     * @param testCase of a reproducer that has several, see {@link Case}
     * @param asserts whether the method's own assertions count, as a kernel test's do
     */
    record Subject(
            Class<?> type,
            Method method,
            String name,
            Optional<String> source,
            Optional<String> testCase,
            boolean asserts) {
        Subject {
            testCase.ifPresent(word -> {
                if (!CASE.matcher(word).matches()) {
                    throw new IllegalStateException("\"" + word + "\" is no name of a case: lower-case words joined by "
                            + "hyphens; a parameterised test says @ParameterizedTest(name = \"{0}\")");
                }
            });
        }
    }

    /** Invokes methods of the test class. */
    interface Code {
        void beforeSnapshot(Machine machine) throws Throwable;

        void test(Machine machine) throws Throwable;
    }

    /**
     * Makes the scenario of a method, or of one invocation of it.
     *
     * @param testCase a reproducer's case; of a kernel test, the invocation's number
     */
    MethodScenario(Class<?> type, Method method, Optional<String> testCase, Code code) {
        this.subject = subject(type, method, testCase);
        this.code = code;
    }

    private static Subject subject(Class<?> type, Method method, Optional<String> testCase) {
        Reproducer reproducer = type.getAnnotation(Reproducer.class);
        if (reproducer != null) {
            return new Subject(type, method, reproducer.id(), Optional.of(reproducer.bpf()), testCase, false);
        }
        KernelTest test = type.getAnnotation(KernelTest.class);
        if (test == null) {
            throw new IllegalStateException(type.getName() + " has neither @Reproducer nor @KernelTest");
        }
        return new Subject(
                type,
                method,
                type.getName() + "/" + testName(method, testCase),
                Optional.of(test.bpf()).filter(file -> !file.isEmpty()),
                Optional.empty(),
                true);
    }

    /** Returns the name of a kernel test's method, or of one invocation of it. */
    static String testName(Method method, Optional<String> number) {
        return method.getName() + number.map(word -> "-" + word).orElse("");
    }

    boolean sharesMachine() {
        KernelTest test = subject.type.getAnnotation(KernelTest.class);
        return subject.asserts && test != null && test.machine() == KernelTest.MachinePer.CLASS;
    }

    @Override
    public String id() {
        return subject.name + subject.testCase.map(name -> "/" + name).orElse("");
    }

    @Override
    public Optional<BpfSource> bpf() {
        return subject.source.map(this::beside);
    }

    @Override
    public BpfSource beside(String name) {
        return new BpfSource(subject.type, name);
    }

    @Override
    public Class<?> codeClass() {
        return subject.type;
    }

    @Override
    public boolean asserts() {
        return subject.asserts;
    }

    @Override
    public Object snapshotKey() {
        return subject;
    }

    @Override
    public void beforeSnapshot(Machine machine) throws Throwable {
        code.beforeSnapshot(machine);
    }

    @Override
    public void run(Machine machine) throws Throwable {
        code.test(machine);
    }

    @Override
    public KernelNeeds needs() {
        return new KernelNeeds(
                names(Needs::kfuncs),
                names(Needs::functions),
                needed().map(Needs::boot)
                        .filter(line -> !line.isBlank())
                        .flatMap(line -> Arrays.stream(line.strip().split("\\s+")))
                        .toList());
    }

    private List<String> names(Function<Needs, String[]> kind) {
        return needed().flatMap(needs -> Arrays.stream(kind.apply(needs))).toList();
    }

    private Stream<Needs> needed() {
        return Arrays.stream(subject.type.getAnnotationsByType(Needs.class)).filter(needs -> concerns(needs.cases()));
    }

    /** The case {@code task-hash} as {@code CASE_task_hash}. */
    @Override
    public List<String> macros() {
        return subject.testCase.map(name -> "CASE_" + name.replace('-', '_')).stream()
                .toList();
    }

    /**
     * A range on the method counts before one on the class; none means that the kernel is too old for it. A test that expects nothing in
     * particular wants a kernel that lives.
     */
    @Override
    public Expectation expectedOn(String version) {
        Optional<Expect> found = expectation(subject.method, version).or(() -> expectation(subject.type, version));
        boolean stated = !subject.asserts
                || subject.method.getAnnotationsByType(Expect.class).length > 0
                || subject.type.getAnnotationsByType(Expect.class).length > 0;
        return new Expectation(
                found.map(Expect::verdict).orElse(stated ? Verdict.UNSUPPORTED : Verdict.CLEAN),
                found.map(Expect::because).filter(why -> !why.isEmpty()),
                stated,
                found.map(Expect::message).filter(words -> !words.isEmpty()));
    }

    private Optional<Expect> expectation(AnnotatedElement element, String version) {
        return Arrays.stream(element.getAnnotationsByType(Expect.class))
                .filter(expect -> concerns(expect.cases()))
                .filter(expect -> KernelVersions.contain(expect.kernels(), version))
                .findFirst();
    }

    @Override
    public Optional<String> disabledOn(String version) {
        return Stream.of(subject.method, subject.type)
                .flatMap(element -> Arrays.stream(element.getAnnotationsByType(EnabledOnKernel.class)))
                .filter(enabled -> !KernelVersions.contain(enabled.value(), version))
                .map(enabled -> version + " is not in " + enabled.value()
                        + (enabled.because().isEmpty() ? "" : ": " + enabled.because()))
                .findFirst();
    }

    private boolean concerns(String[] cases) {
        return cases.length == 0
                || subject.testCase.filter(Arrays.asList(cases)::contains).isPresent();
    }
}
