// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.engine.AbortedException;
import io.ksplat.engine.Machine;
import io.ksplat.junit.BeforeSnapshot;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor.Invocation;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.opentest4j.TestAbortedException;

/** A test method, invoked by JUnit the first time, and by reflection if a crash is to be confirmed on another machine. */
final class InvokedMethod implements MethodScenario.Code {
    private final ExtensionContext context;
    private final List<Method> before;
    private Optional<Machine> machine = Optional.empty();
    private Optional<Throwable> thrown = Optional.empty();
    private @Nullable Invocation<Void> invocation;
    private @Nullable ReflectiveInvocationContext<Method> method;

    InvokedMethod(ExtensionContext context) {
        this.context = context;
        this.before = beforeSnapshot(context.getRequiredTestClass());
    }

    private static List<Method> beforeSnapshot(Class<?> type) {
        List<Method> methods =
                AnnotationSupport.findAnnotatedMethods(type, BeforeSnapshot.class, HierarchyTraversalMode.TOP_DOWN)
                        .stream()
                        .sorted(Comparator.comparing(Method::getName))
                        .toList();
        boolean hasFields = !ReflectionSupport.findFields(
                        type, field -> !Modifier.isStatic(field.getModifiers()), HierarchyTraversalMode.TOP_DOWN)
                .isEmpty();
        if (!methods.isEmpty() && hasFields) {
            throw new IllegalStateException(type.getSimpleName() + " has a @BeforeSnapshot method and fields:"
                    + " keep nothing in fields, because the method runs once for many attempts");
        }
        return methods;
    }

    /** Gives methods of the test class this machine from now on. */
    void use(Machine other) {
        machine = Optional.of(other);
    }

    /** Returns the machine that methods of the test class are given; empty if there is none. */
    Optional<Machine> machine() {
        return machine;
    }

    /** Takes the invocation that {@link #test} is to proceed with. */
    void prepare(Invocation<Void> first, ReflectiveInvocationContext<Method> invoked) {
        invocation = first;
        method = invoked;
    }

    /** Returns what the method threw the first time. */
    Optional<Throwable> thrown() {
        return thrown;
    }

    /** Invoked on the class's instance; what a {@code @BeforeEach} does to a machine is not done again for a second one. */
    @Override
    public void beforeSnapshot(Machine fresh) {
        use(fresh);
        for (Method each : before) {
            context.getExecutableInvoker().invoke(each, context.getRequiredTestInstance());
        }
    }

    @Override
    public void test(Machine current) throws Throwable {
        use(current);
        Invocation<Void> first = invocation;
        try {
            if (first != null) {
                invocation = null;
                proceed(first);
            } else {
                again(current);
            }
        } catch (TestAbortedException e) {
            throw new AbortedException(e);
        }
    }

    private void proceed(Invocation<Void> first) throws Throwable {
        try {
            first.proceed();
        } catch (Throwable t) {
            thrown = Optional.of(t);
            throw t;
        }
    }

    private void again(Machine current) {
        ReflectiveInvocationContext<Method> known = method;
        if (known == null) {
            throw new IllegalStateException("nothing ran that could run again");
        }
        Object[] arguments = known.getArguments().stream()
                .map(argument -> argument != null && Machine.hasPart(argument.getClass())
                        ? current.part(argument.getClass())
                        : argument)
                .toArray();
        ReflectionSupport.invokeMethod(known.getExecutable(), known.getTarget().orElse(null), arguments);
    }
}
