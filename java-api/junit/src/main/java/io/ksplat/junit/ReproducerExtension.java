// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.bpf.BpfObject;
import io.ksplat.evidence.Verdict;
import io.ksplat.machine.Nmi;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.MediaType;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.opentest4j.TestAbortedException;

/** Runs each method of a {@link Reproducer} or a {@link KernelTest} as an {@link Experiment}. */
final class ReproducerExtension
        implements ExecutionCondition, BeforeEachCallback, AfterEachCallback, InvocationInterceptor, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(ReproducerExtension.class);

    /** The number of an invocation ends its unique id. */
    private static final Pattern INVOCATION = Pattern.compile(".*#(\\d+)\\]$");

    /** Where one case was asked for, the others do not run. */
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Optional<String> wanted = parameter(context, Settings.Keys.CASE);
        return wanted.isPresent() && isExperiment(context) && !wanted.equals(testCase(context))
                ? ConditionEvaluationResult.disabled("only " + wanted.get() + " was asked for")
                : ConditionEvaluationResult.enabled("asked for");
    }

    /** A class is none, and neither is a parameterised test as a whole. */
    private static boolean isExperiment(ExtensionContext context) {
        return context.getTestMethod()
                .filter(method -> isInvocation(context) || !AnnotationSupport.isAnnotated(method, TestTemplate.class))
                .isPresent();
    }

    /** A parameterised test's invocations lie in a context of the method's own. */
    private static boolean isInvocation(ExtensionContext context) {
        return context.getParent().flatMap(ExtensionContext::getTestMethod).isPresent();
    }

    private static Optional<String> testCase(ExtensionContext context) {
        if (!isInvocation(context)) {
            return AnnotationSupport.findAnnotation(context.getTestMethod(), Case.class)
                    .map(Case::value);
        }
        return AnnotationSupport.isAnnotated(context.getRequiredTestClass(), Reproducer.class)
                ? Optional.of(context.getDisplayName())
                : Optional.of(INVOCATION.matcher(context.getUniqueId()).replaceFirst("$1"));
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        Settings settings = Settings.read(key -> setting(context, key));
        Subject subject =
                Subject.of(context.getRequiredTestClass(), context.getRequiredTestMethod(), testCase(context));
        Optional<SharedMachine> shared =
                subject.sharesMachine() ? Optional.of(sharedMachine(context)) : Optional.empty();
        setUp(new Experiment(Lab.of(context, settings), settings, subject, shared), context);
    }

    /** With that experiment's machine as the one that parameters are. */
    private static void setUp(Experiment experiment, ExtensionContext context) throws InterruptedException {
        List<Method> methods = beforeFreeze(context.getRequiredTestClass());
        context.getStore(NAMESPACE).put(Experiment.class, experiment);
        experiment.setUp(() -> {
            for (Method method : methods) {
                context.getExecutableInvoker().invoke(method, context.getRequiredTestInstance());
            }
        });
    }

    private static List<Method> beforeFreeze(Class<?> type) {
        List<Method> methods =
                AnnotationSupport.findAnnotatedMethods(type, BeforeFreeze.class, HierarchyTraversalMode.TOP_DOWN)
                        .stream()
                        .sorted(Comparator.comparing(Method::getName))
                        .toList();
        boolean hasFields = !ReflectionSupport.findFields(
                        type, field -> !Modifier.isStatic(field.getModifiers()), HierarchyTraversalMode.TOP_DOWN)
                .isEmpty();
        if (!methods.isEmpty() && hasFields) {
            throw new IllegalStateException(type.getSimpleName() + " has a @BeforeFreeze method and fields:"
                    + " keep nothing in fields, because the method runs once for many attempts");
        }
        return methods;
    }

    /** Lives as long as the class, or the class on one of its kernels. */
    private static SharedMachine sharedMachine(ExtensionContext context) {
        ExtensionContext holder = context;
        while (holder.getTestMethod().isPresent()) {
            holder = holder.getParent().orElseThrow();
        }
        return holder.getStore(NAMESPACE)
                .getOrComputeIfAbsent(SharedMachine.class, key -> new SharedMachine(), SharedMachine.class);
    }

    @Override
    public void interceptBeforeEachMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        proceedWithMachine(invocation, context);
    }

    @Override
    public void interceptAfterEachMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        proceedWithMachine(invocation, context);
    }

    private static void proceedWithMachine(Invocation<Void> invocation, ExtensionContext context) throws Throwable {
        Experiment experiment = experiment(context);
        if (experiment.isDecided() || experiment.setUpFailure().isPresent()) {
            invocation.skip();
        } else {
            invocation.proceed();
        }
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        run(invocation, method, context);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        run(invocation, method, context);
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        Experiment experiment = context.getStore(NAMESPACE).get(Experiment.class, Experiment.class);
        if (experiment != null && !experiment.isConcluded()) {
            experiment.conclude(context.getExecutionException(), ReproducerExtension::noMethod);
        }
    }

    private static RunRecord noMethod(Experiment second) {
        throw new IllegalStateException("nothing ran that could run again");
    }

    private static void run(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        Experiment experiment = experiment(context);
        if (experiment.isDecided()) {
            // A refusal that was expected is a test that passed, though the method had nothing to run on.
            invocation.skip();
            judge(experiment, Optional.empty(), context, ReproducerExtension::noMethod);
            return;
        }
        Optional<Throwable> thrown = experiment.setUpFailure();
        if (thrown.isPresent()) {
            invocation.skip();
        } else {
            long begin = System.nanoTime();
            try {
                invocation.proceed();
            } catch (Throwable t) {
                thrown = Optional.of(t);
            }
            experiment.methodEnded(begin);
        }
        judge(experiment, thrown, context, second -> again(second, method, context));
    }

    /** The method and what is done before freezing: what a {@code @BeforeEach} does to a machine is not done again. */
    private static RunRecord again(
            Experiment second, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws IOException, InterruptedException {
        Experiment first = experiment(context);
        setUp(second, context);
        context.getStore(NAMESPACE).put(Experiment.class, first);
        Optional<Throwable> thrown = second.setUpFailure();
        if (!second.isDecided() && thrown.isEmpty()) {
            Object[] arguments = method.getArguments().stream()
                    .map(argument -> argument != null && isOurs(argument.getClass())
                            ? parameter(second, argument.getClass())
                            : argument)
                    .toArray();
            try {
                ReflectionSupport.invokeMethod(
                        method.getExecutable(), method.getTarget().orElse(null), arguments);
            } catch (Throwable t) {
                // As of the method's first run: the machine is judged, whatever became of the method.
                thrown = Optional.of(t);
            }
        }
        return second.conclude(thrown, ReproducerExtension::noMethod);
    }

    private static void judge(
            Experiment experiment, Optional<Throwable> thrown, ExtensionContext context, Experiment.Rerun rerun)
            throws Throwable {
        if (experiment.isForAnchor()) {
            experiment.endAtAnchor(thrown);
            return;
        }
        RunRecord run = experiment.conclude(thrown, rerun);
        context.publishReportEntry(Map.of(
                "ksplat.verdict", run.verdict().name(),
                "ksplat.expected", run.expected().name(),
                "ksplat.kernel", run.kernel().key()));
        if (!run.asExpected()
                && setting(context, Settings.Keys.ATTACH).map(Boolean::valueOf).orElse(true)) {
            experiment.folder().ifPresent(folder -> attach(folder, context));
        }
        if (thrown.isPresent() && !experiment.isJudged() && run.message().equals(thrown.map(Throwable::toString))) {
            // The machine has nothing to add: the test failed by itself, and its own words are the best.
            experiment.lab().reported(thrown.get());
            throw thrown.get();
        }
        if (run.verdict() == Verdict.ERROR) {
            HarnessError error = new HarnessError(run.message().orElse("no reason is known"));
            thrown.ifPresent(error::addSuppressed);
            throw error;
        }
        if (!run.asExpected()) {
            UnexpectedVerdictError error =
                    UnexpectedVerdictError.of(run, experiment.folder().orElse(Path.of("")));
            thrown.ifPresent(error::addSuppressed);
            throw error;
        }
        if (run.verdict() == Verdict.UNSUPPORTED) {
            throw new TestAbortedException(
                    "UNSUPPORTED as expected: " + run.message().orElse("no reason is known"));
        }
    }

    /** Console, evidence, logs: whatever launcher reports the test has them. */
    private static void attach(Path folder, ExtensionContext context) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = file.getFileName().toString();
                context.publishFile(
                        name,
                        name.endsWith(".json") ? MediaType.APPLICATION_JSON : MediaType.TEXT_PLAIN_UTF_8,
                        copy -> Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING));
            }
        } catch (IOException e) {
            context.publishReportEntry("ksplat.attach", "the files of " + folder + " could not be attached: " + e);
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return isOurs(parameter.getParameter().getType());
    }

    private static boolean isOurs(Class<?> type) {
        return type == Machine.class || type == BpfObject.class || type == Nmi.class || type == Controls.class;
    }

    @Override
    public @Nullable Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Experiment experiment = experiment(context);
        // The method it is for will not run.
        return experiment.isDecided()
                ? null
                : parameter(experiment, parameter.getParameter().getType());
    }

    private static Object parameter(Experiment experiment, Class<?> type) {
        if (type == BpfObject.class) {
            return experiment.bpf();
        }
        Machine machine = experiment.machine();
        if (type == Nmi.class) {
            return machine.nmi();
        }
        return type == Controls.class ? machine.controls() : machine;
    }

    private static Experiment experiment(ExtensionContext context) {
        Experiment experiment = context.getStore(NAMESPACE).get(Experiment.class, Experiment.class);
        if (experiment == null) {
            throw new IllegalStateException("Machine and its like are parameters of test methods and @BeforeEach only");
        }
        return experiment;
    }

    /** What {@link Kernels} says of the kernel is already what was given from outside, where something was. */
    private static Optional<String> setting(ExtensionContext context, String key) {
        return key.equals(Settings.Keys.KERNEL)
                ? KernelsExtension.kernel(context).or(() -> parameter(context, key))
                : parameter(context, key);
    }

    static Optional<String> parameter(ExtensionContext context, String key) {
        return context.getConfigurationParameter(key).or(() -> Optional.ofNullable(System.getProperty(key)));
    }
}
