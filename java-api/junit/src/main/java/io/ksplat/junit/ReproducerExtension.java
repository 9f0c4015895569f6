// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;
import io.ksplat.guest.BpfObject;
import io.ksplat.nmi.Nmi;
import io.ksplat.report.RunRecord;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;

/** Runs each method of a {@link Reproducer} as an {@link Experiment}. */
final class ReproducerExtension
        implements ExecutionCondition, BeforeEachCallback, InvocationInterceptor, ParameterResolver {
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
            judge(experiment, Optional.empty(), context);
        }
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        run(invocation, context);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        run(invocation, context);
    }

    private static void run(Invocation<Void> invocation, ExtensionContext context) throws Exception {
        Optional<Throwable> thrown = Optional.empty();
        try {
            invocation.proceed();
        } catch (Throwable t) {
            thrown = Optional.of(t);
        }
        judge(experiment(context), thrown, context);
    }

    private static void judge(Experiment experiment, Optional<Throwable> thrown, ExtensionContext context)
            throws Exception {
        RunRecord run = experiment.conclude(thrown);
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
        Class<?> type = parameter.getParameter().getType();
        return type == Machine.class || type == BpfObject.class || type == Nmi.class || type == Controls.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Experiment experiment = experiment(context);
        Class<?> type = parameter.getParameter().getType();
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
