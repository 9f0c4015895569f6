// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import java.io.IOException;
import java.util.List;

/** Runs scenarios directly. */
public final class EngineRunner implements Runner {
    @Override
    public RunOutcome run(RunRequest request) throws IOException, InterruptedException {
        if (request.entry().source() instanceof Catalogue.Source.Direct direct) {
            Conclusion conclusion =
                    request.session().run(request.settings(), direct.scenario()).execute();
            return new RunOutcome(List.of(conclusion.record()), List.of());
        }
        throw new IllegalArgumentException(request.entry().id() + " needs a test framework to run");
    }
}
