// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.engine.Conclusion;
import io.ksplat.engine.Machine;
import io.ksplat.engine.Run;
import io.ksplat.engine.internal.SharedMachine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Case;
import io.ksplat.junit.HarnessError;
import io.ksplat.junit.KernelDeadlockError;
import io.ksplat.junit.KernelTest;
import io.ksplat.junit.Reproducer;
import io.ksplat.junit.UnexpectedVerdictError;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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
import org.opentest4j.TestAbortedException;

/** Runs each method of a {@link Reproducer} or a {@link KernelTest} as a scenario of the engine's. */
public final class ReproducerExtension
        implements ExecutionCondition, BeforeEachCallback, AfterEachCallback, InvocationInterceptor, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(ReproducerExtension.class);

    /** The number of an invocation ends its unique id. */
    private static final Pattern INVOCATION = Pattern.compile(".*#(\\d+)\\]$");

    /** A test's run, and how far it got. */
    private record Attempt(Run run, Run.Prepared prepared, InvokedMethod method, boolean asserts, boolean captured) {}

    /** If one case was asked for, the others do not run; if they are to be listed, none does. */
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Optional<CaseListing> listing = JUnitSettings.listing(context);
        if (listing.isPresent() && isRun(context)) {
            listing.get().add(caseName(context));
            return ConditionEvaluationResult.disabled("only its name was asked for");
        }
        Optional<String> wanted = JUnitSettings.testCase(context);
        return wanted.isPresent() && isRun(context) && !wanted.get().equals(caseName(context))
                ? ConditionEvaluationResult.disabled("only " + wanted.get() + " was asked for")
                : ConditionEvaluationResult.enabled("asked for");
    }

    /** A class is none, and neither is a parameterised test as a whole. */
    private static boolean isRun(ExtensionContext context) {
        return context.getTestMethod()
                .filter(method -> isInvocation(context) || !AnnotationSupport.isAnnotated(method, TestTemplate.class))
                .isPresent();
    }

    /** A parameterised test's invocations lie in a context of the method's own. */
    private static boolean isInvocation(ExtensionContext context) {
        return context.getParent().flatMap(ExtensionContext::getTestMethod).isPresent();
    }

    /** Returns what follows the reproducer's id, or the test class, in the id of a run; "" if nothing does. */
    private static String caseName(ExtensionContext context) {
        Optional<String> name = testCase(context);
        return AnnotationSupport.isAnnotated(context.getRequiredTestClass(), Reproducer.class)
                ? name.orElse("")
                : MethodScenario.testName(context.getRequiredTestMethod(), name);
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
        InvokedMethod method = new InvokedMethod(context);
        // Its preparation already asks for parameters.
        context.getStore(NAMESPACE).put(InvokedMethod.class, method);
        MethodScenario scenario = new MethodScenario(
                context.getRequiredTestClass(), context.getRequiredTestMethod(), testCase(context), method);
        Optional<SharedMachine> shared =
                scenario.sharesMachine() ? Optional.of(sharedMachine(context)) : Optional.empty();
        var settings = JUnitSettings.settings(context);
        Run run = JUnitSettings.session(context).run(settings, scenario, shared);
        Run.Prepared prepared = run.prepare();
        if (prepared instanceof Run.Ready ready) {
            method.use(ready.machine());
        }
        context.getStore(NAMESPACE)
                .put(
                        Attempt.class,
                        new Attempt(
                                run,
                                prepared,
                                method,
                                scenario.asserts(),
                                settings.capture().isPresent()));
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
        if (attempt(context).prepared() instanceof Run.Ready) {
            invocation.proceed();
        } else {
            invocation.skip();
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

    /** Judges what no method was intercepted for: a {@code @BeforeEach} that threw, and generated tests. */
    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        Attempt attempt = context.getStore(NAMESPACE).get(Attempt.class, Attempt.class);
        if (attempt == null || attempt.run().isConcluded()) {
            return;
        }
        Optional<Throwable> thrown = context.getExecutionException();
        Conclusion conclusion = attempt.prepared() instanceof Run.Ready ready
                ? ready.conclude(thrown.map(ReproducerExtension::ending).orElseGet(Run.Ending.Returned::new))
                : unready(attempt.prepared());
        if (thrown.isEmpty() || isAbort(thrown.get())) {
            try {
                judge(attempt, conclusion, thrown, context);
            } catch (Exception | Error failure) {
                throw failure;
            } catch (Throwable other) {
                throw new IllegalStateException(other);
            }
        } else {
            // The test has failed already.
            concluded(context, conclusion);
        }
    }

    private static Run.Ending ending(Throwable thrown) {
        return isAbort(thrown) ? new Run.Ending.Aborted(thrown) : Run.Ending.of(thrown);
    }

    private static boolean isAbort(Throwable thrown) {
        return thrown instanceof TestAbortedException;
    }

    private static Conclusion unready(Run.Prepared prepared) throws IOException {
        return prepared instanceof Run.Unprepared broken ? broken.conclude() : ((Run.Decided) prepared).conclude();
    }

    private static void run(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        Attempt attempt = attempt(context);
        if (attempt.prepared() instanceof Run.Ready ready) {
            attempt.method().prepare(invocation, method);
            judge(attempt, ready.attempt(), attempt.method().thrown(), context);
        } else {
            // A refusal that was expected is a test that passed, though the method had nothing to run on.
            invocation.skip();
            Optional<Throwable> thrown = attempt.prepared() instanceof Run.Unprepared broken
                    ? Optional.of(broken.thrown())
                    : Optional.empty();
            judge(attempt, unready(attempt.prepared()), thrown, context);
        }
    }

    private static void concluded(ExtensionContext context, Conclusion conclusion) {
        JUnitSettings.borrowed(context).ifPresent(lender -> lender.concluded(conclusion));
    }

    private static void judge(
            Attempt attempt, Conclusion conclusion, Optional<Throwable> thrown, ExtensionContext context)
            throws Throwable {
        concluded(context, conclusion);
        if (attempt.captured()) {
            return;
        }
        context.publishReportEntry(Map.of(
                "ksplat.verdict", conclusion.verdict().name(),
                "ksplat.expected", conclusion.expected().name(),
                "ksplat.kernel", conclusion.kernelKey()));
        if (!conclusion.asExpected() && JUnitSettings.attaches(context)) {
            conclusion.folder().ifPresent(folder -> attach(folder, context));
        }
        Optional<Throwable> failure = failure(attempt, conclusion, thrown);
        if (failure.isPresent()) {
            JUnitSettings.borrowed(context).ifPresent(lender -> lender.told(failure.get()));
            throw failure.get();
        }
    }

    /** JUnit's word for what a run came to. */
    private static Optional<Throwable> failure(Attempt attempt, Conclusion conclusion, Optional<Throwable> thrown) {
        // The engine adds the line of the test's code to it.
        boolean itsOwn = thrown.isPresent()
                && conclusion
                        .message()
                        .filter(why -> why.startsWith(thrown.get().toString()))
                        .isPresent();
        if (attempt.asserts() && itsOwn && (conclusion.asExpected() || !isAbort(thrown.get()))) {
            // The machine has nothing to add: the test failed by itself, and its own words are the best.
            return thrown;
        }
        Throwable error;
        if (conclusion.verdict() == Verdict.ERROR) {
            error = new HarnessError(conclusion.message().orElse("no reason is known"));
        } else if (!conclusion.asExpected()) {
            error = conclusion.verdict() == Verdict.DEADLOCK
                    ? new KernelDeadlockError(conclusion.failureText(), conclusion.expected())
                    : new UnexpectedVerdictError(conclusion.failureText(), conclusion.verdict(), conclusion.expected());
        } else if (conclusion.verdict() == Verdict.UNSUPPORTED) {
            return Optional.of(new TestAbortedException(
                    "UNSUPPORTED as expected: " + conclusion.message().orElse("no reason is known")));
        } else {
            // On a machine that lives, a failed assertion is no symptom of what was expected.
            boolean lives = conclusion.verdict() == Verdict.CLEAN || conclusion.verdict() == Verdict.RECOVERED;
            return thrown.filter(failed -> attempt.asserts() && lives && failed instanceof AssertionError);
        }
        thrown.ifPresent(error::addSuppressed);
        return Optional.of(error);
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
        return Machine.hasPart(parameter.getParameter().getType());
    }

    @Override
    public @Nullable Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        InvokedMethod method = context.getStore(NAMESPACE).get(InvokedMethod.class, InvokedMethod.class);
        if (method == null) {
            throw new IllegalStateException("Machine and its like are parameters of test methods and @BeforeEach only");
        }
        // Without a machine, the method that the parameter is for will not run.
        return method.machine()
                .map(machine -> machine.part(parameter.getParameter().getType()))
                .orElse(null);
    }

    private static Attempt attempt(ExtensionContext context) {
        Attempt attempt = context.getStore(NAMESPACE).get(Attempt.class, Attempt.class);
        if (attempt == null) {
            throw new IllegalStateException("no run was prepared for " + context.getDisplayName());
        }
        return attempt;
    }
}
