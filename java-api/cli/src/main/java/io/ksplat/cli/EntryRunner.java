// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.EngineRunner;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.Runner;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Runs any entry: a test class through JUnit, which is started when the first one comes, and a scenario directly. Several threads may use it: JUnit
 * promises nothing of one launcher that they share, so each run in progress has a launcher of its own.
 */
final class EntryRunner implements Runner {
    private final Runner direct = new EngineRunner();
    private final Deque<Runner> idle = new ArrayDeque<>();

    @Override
    public RunOutcome run(RunRequest request) throws IOException, InterruptedException {
        if (!(request.entry().source() instanceof Catalogue.Source.TestClass)) {
            return direct.run(request);
        }
        Runner junit = take();
        try {
            return junit.run(request);
        } finally {
            give(junit);
        }
    }

    private synchronized Runner take() {
        return idle.isEmpty() ? new JUnitRunner() : idle.pop();
    }

    private synchronized void give(Runner junit) {
        idle.push(junit);
    }

    @Override
    public synchronized void close() {
        idle.forEach(Runner::close);
        idle.clear();
    }
}
