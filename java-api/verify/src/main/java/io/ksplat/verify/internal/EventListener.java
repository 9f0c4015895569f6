// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import io.ksplat.verify.internal.Event.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Appends what happens to the file that the system property {@code ksplat.verify.events} names; does nothing without it. JUnit's launcher finds it as a
 * service. Tests that run a launcher themselves have an inner plan, which is not told.
 */
public final class EventListener implements TestExecutionListener {
    static final String EVENTS = "ksplat.verify.events";

    private static final AtomicBoolean RUNNING = new AtomicBoolean();

    private final @Nullable Path events;
    private final String module;
    private final Map<String, Long> started = new ConcurrentHashMap<>();
    private volatile boolean outermost;
    private volatile boolean telling;

    /** Called by JUnit. */
    public EventListener() {
        this(
                Optional.ofNullable(System.getProperty(EVENTS))
                        .filter(file -> !file.isEmpty())
                        .map(Path::of)
                        .orElse(null),
                Path.of("").toAbsolutePath().getFileName()
                        + Optional.ofNullable(System.getProperty("ksplat.kernel"))
                                .map(kernel -> "@" + kernel)
                                .orElse(""));
    }

    EventListener(@Nullable Path events, String module) {
        this.events = events;
        this.module = module;
    }

    /** Tells of inner plans as well. */
    static EventListener always(Path events, String module) {
        EventListener listener = new EventListener(events, module);
        listener.telling = true;
        return listener;
    }

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        outermost = RUNNING.compareAndSet(false, true);
        telling |= outermost;
        tell(Kind.PLAN, "", plan.countTestIdentifiers(TestIdentifier::isTest), "");
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        if (outermost) {
            RUNNING.set(false);
        }
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        started.put(test.getUniqueId(), System.nanoTime());
        if (isClass(test)) {
            tell(Kind.CLASS, name(test), 0, "");
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        tell(Kind.SKIPPED, name(test), 0, reason);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        long millis = (System.nanoTime() - started.getOrDefault(test.getUniqueId(), System.nanoTime())) / 1_000_000;
        String text = result.getThrowable().map(Throwable::toString).orElse("");
        switch (result.getStatus()) {
            case SUCCESSFUL -> {
                if (test.isTest()) {
                    tell(Kind.PASSED, name(test), millis, "");
                }
            }
            case ABORTED -> tell(Kind.SKIPPED, name(test), millis, text);
            case FAILED -> tell(Kind.FAILED, name(test), millis, text);
        }
        if (isClass(test)) {
            tell(Kind.ENDED, name(test), millis, "");
        }
    }

    private static boolean isClass(TestIdentifier test) {
        return test.getSource().filter(ClassSource.class::isInstance).isPresent();
    }

    /** Names a test as Surefire's -Dtest takes it, and its invocation in brackets if it has several. */
    private static String name(TestIdentifier test) {
        TestSource source = test.getSource().orElse(null);
        if (source instanceof MethodSource method) {
            UniqueId.Segment last = test.getUniqueIdObject().getLastSegment();
            String invocation =
                    last.getValue().startsWith("#") ? "[" + last.getValue().substring(1) + "]" : "";
            return method.getClassName() + "#" + method.getMethodName() + invocation;
        }
        if (source instanceof ClassSource type) {
            return type.getClassName();
        }
        return test.getDisplayName();
    }

    private void tell(Kind kind, String test, long millis, String text) {
        if (events == null || !telling) {
            return;
        }
        try {
            // One write in append mode: the lines of several JVMs do not mix (open(2), O_APPEND).
            Files.writeString(
                    events,
                    new Event(kind, module, test, millis, text).line(),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot tell the terminal through " + events, e);
        }
    }
}
