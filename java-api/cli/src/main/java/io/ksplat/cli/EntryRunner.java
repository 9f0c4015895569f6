// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.EngineRunner;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.Runner;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Runs any entry: a test class through JUnit, which is started when the first one comes, and a scenario directly. */
final class EntryRunner implements Runner {
    private final Runner direct = new EngineRunner();
    private @Nullable Runner junit;

    @Override
    public RunOutcome run(RunRequest request) throws IOException, InterruptedException {
        return request.entry().source() instanceof Catalogue.Source.TestClass
                ? junit().run(request)
                : direct.run(request);
    }

    private synchronized Runner junit() {
        Runner running = junit;
        if (running == null) {
            running = new JUnitRunner();
            junit = running;
        }
        return running;
    }

    @Override
    public synchronized void close() {
        if (junit != null) {
            junit.close();
        }
    }
}
