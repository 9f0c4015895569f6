// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;
import io.ksplat.guest.BpfObject;
import io.ksplat.nmi.Nmi;
import io.ksplat.report.RunRecord;
import java.io.IOException;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Optional;
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
import org.junit.platform.commons.support.ReflectionSupport;
import org.opentest4j.TestAbortedException;

/** Runs each method of a {@link Reproducer} as an {@link Experiment}. */
final class ReproducerExtension
        implements ExecutionCondition, BeforeEachCallback, AfterEachCallback, InvocationInterceptor, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(ReproducerExtension.class);

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
        return isInvocation(context)
                ? Optional.of(context.getDisplayName())
                : AnnotationSupport.findAnnotation(context.getTestMethod(), Case.class)
                        .map(Case::value);
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        Settings settings = Settings.read(key -> parameter(context, key));
        Subject subject =
                Subject.of(context.getRequiredTestClass(), context.getRequiredTestMethod(), testCase(context));
        Experiment experiment = new Experiment(Lab.of(context, settings), settings, subject);
        context.getStore(NAMESPACE).put(Experiment.class, experiment);
        experiment.setUp();
        if (experiment.isDecided()) {
            judge(experiment, Optional.empty(), context, ReproducerExtension::noMethod);
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
            throws Exception {
        Optional<Throwable> thrown = Optional.empty();
        try {
            invocation.proceed();
        } catch (Throwable t) {
            thrown = Optional.of(t);
        }
        judge(experiment(context), thrown, context, second -> again(second, method));
    }

    /** The method alone: what a {@code @BeforeEach} does to a machine is not done again. */
    private static RunRecord again(Experiment second, ReflectiveInvocationContext<Method> method)
            throws IOException, InterruptedException {
        Optional<Throwable> thrown = Optional.empty();
        second.setUp();
        if (!second.isDecided()) {
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
            throws Exception {
        RunRecord run = experiment.conclude(thrown, rerun);
        context.publishReportEntry(Map.of(
                "ksplat.verdict", run.verdict().name(),
                "ksplat.expected", run.expected().name(),
                "ksplat.kernel", run.kernel().key()));
        if (run.verdict() == Verdict.ERROR) {
            HarnessError error = new HarnessError(run.message().orElse("no reason is known"));
            thrown.ifPresent(error::addSuppressed);
            throw error;
        }
        if (!run.asExpected()) {
            throw new UnexpectedVerdictError(run);
        }
        if (experiment.isDecided()) {
            // The method cannot run, and a verdict that was expected is no failure.
            throw new TestAbortedException(
                    run.verdict() + " as expected: " + run.message().orElse("no reason is known"));
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
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter(experiment(context), parameter.getParameter().getType());
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

    private static Optional<String> parameter(ExtensionContext context, String key) {
        return context.getConfigurationParameter(key).or(() -> Optional.ofNullable(System.getProperty(key)));
    }
}
