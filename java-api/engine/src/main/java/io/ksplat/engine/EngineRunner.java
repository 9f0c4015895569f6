// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.engine.internal.SharedMachine;
import io.ksplat.engine.internal.TrialScenario;
import io.ksplat.engine.internal.selftest.Selftests;
import io.ksplat.kernel.KernelException;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs scenarios directly, and the cases of a file of selftests one after another, on one machine as long as that is as expected. */
public final class EngineRunner implements Runner {
    @Override
    public RunOutcome run(RunRequest request) throws IOException, InterruptedException {
        if (request.entry().source() instanceof Catalogue.Source.Direct direct) {
            Conclusion conclusion =
                    request.session().run(request.settings(), direct.scenario()).execute();
            return new RunOutcome(List.of(conclusion.record()), List.of());
        }
        if (request.entry().source() instanceof Catalogue.Source.Selftests selftests) {
            return new RunOutcome(cases(request, selftests.file()), List.of());
        }
        throw new IllegalArgumentException(request.entry().id() + " needs a test framework to run");
    }

    private static List<RunRecord> cases(RunRequest request, SelftestFile file)
            throws IOException, InterruptedException {
        List<RunRecord> records = new ArrayList<>();
        try (SharedMachine machine = new SharedMachine()) {
            for (TrialScenario scenario : wanted(request, file)) {
                records.add(request.session()
                        .run(request.settings(), scenario, Optional.of(machine))
                        .execute()
                        .record());
                if (request.session().isInterrupted()) {
                    break;
                }
            }
        }
        return records;
    }

    private static List<TrialScenario> wanted(RunRequest request, SelftestFile file) throws InterruptedException {
        KernelInfo kernel;
        try {
            kernel = request.session().targets().kernel(request.settings().kernel());
        } catch (IOException | KernelException e) {
            // The run itself tells what is wrong with its kernel.
            return List.of(Selftests.broken(file.id(), String.valueOf(e.getMessage())));
        }
        request.session().progress().report("compiling " + file.path().getFileName());
        List<TrialScenario> all = file.cases(kernel, request.session().cache());
        List<TrialScenario> wanted = all.stream()
                .filter(scenario -> request.entry().testCase().isEmpty()
                        || scenario.id().equals(request.entry().fullId())
                        || scenario.id().equals(file.id()))
                .toList();
        return wanted.isEmpty()
                ? List.of(Selftests.broken(
                        request.entry().fullId(),
                        "there is no case " + request.entry().testCase().orElse("") + " in " + file.path() + "; it has "
                                + all.stream().map(TrialScenario::id).toList()))
                : wanted;
    }
}
