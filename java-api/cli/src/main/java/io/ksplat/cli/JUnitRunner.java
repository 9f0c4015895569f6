// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Conclusion;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.Runner;
import io.ksplat.junit.internal.BorrowedSession;
import io.ksplat.junit.internal.CaseListing;
import io.ksplat.junit.internal.JUnitSettings;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.store.Namespace;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs test classes through the same JUnit that an IDE uses. The request goes in through the launcher session's store, typed, and the
 * conclusions come back through it. JUnit promises nothing of one launcher that several threads use: each of them has its own runner.
 */
final class JUnitRunner implements Runner {
    private final LauncherSession launcher = LauncherFactory.openSession();

    @Override
    public RunOutcome run(RunRequest request) {
        if (!(request.entry().source() instanceof Catalogue.Source.TestClass test)) {
            throw new IllegalArgumentException(request.entry().id() + " is no test class");
        }
        BorrowedSession lent = new BorrowedSession(request);
        launcher.getStore().put(Namespace.create(JUnitSettings.KEY), JUnitSettings.KEY, lent);
        List<String> failures = execute(launcher, test.type(), lent::isTold);
        return new RunOutcome(
                lent.conclusions().stream().map(Conclusion::record).toList(), failures);
    }

    /** Returns what failed around the tests, a line each. */
    private static List<String> execute(LauncherSession launcher, Class<?> type, Predicate<Throwable> told) {
        Failures failures = new Failures(told, new ConcurrentLinkedQueue<>());
        launcher.getLauncher()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(type))
                                .build(),
                        failures);
        return List.copyOf(failures.lines);
    }

    /**
     * Returns the names of a test class's cases, in the order in which they run; "" for the case without a name. None runs.
     *
     * @throws IllegalArgumentException in one line, if JUnit cannot make them
     */
    static List<String> cases(Class<?> type) {
        CaseListing listing = new CaseListing();
        try (LauncherSession launcher = LauncherFactory.openSession()) {
            launcher.getStore().put(Namespace.create(JUnitSettings.KEY), JUnitSettings.KEY, listing);
            List<String> failures = execute(launcher, type, why -> false);
            if (!failures.isEmpty()) {
                throw new IllegalArgumentException("the cases of " + type.getName() + " cannot be told: "
                        + failures.get(0).replaceAll("\\s*\\R\\s*", "; "));
            }
        }
        return listing.names();
    }

    @Override
    public void close() {
        launcher.close();
    }

    /** Tests that ran have their record; what fails around them has none. */
    private record Failures(Predicate<Throwable> told, Queue<String> lines) implements TestExecutionListener {
        @Override
        public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
            result.getThrowable().ifPresent(why -> {
                if (identifier.isContainer() || !told.test(why)) {
                    lines.add(identifier.getDisplayName() + ": "
                            + (why.getMessage() == null ? why.toString() : why.getMessage()));
                }
            });
        }
    }
}
