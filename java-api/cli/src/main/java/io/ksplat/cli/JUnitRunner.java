// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Conclusion;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.Runner;
import io.ksplat.junit.internal.BorrowedSession;
import io.ksplat.junit.internal.JUnitSettings;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
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
        Failures failures = new Failures(lent, new ConcurrentLinkedQueue<>());
        launcher.getLauncher()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(test.type()))
                                .build(),
                        failures);
        return new RunOutcome(
                lent.conclusions().stream().map(Conclusion::record).toList(), List.copyOf(failures.lines));
    }

    @Override
    public void close() {
        launcher.close();
    }

    /** Tests that ran have their record; what fails around them has none. */
    private record Failures(BorrowedSession lent, Queue<String> lines) implements TestExecutionListener {
        @Override
        public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
            result.getThrowable().ifPresent(why -> {
                if (identifier.isContainer() || !lent.isTold(why)) {
                    lines.add(identifier.getDisplayName() + ": "
                            + (why.getMessage() == null ? why.toString() : why.getMessage()));
                }
            });
        }
    }
}
