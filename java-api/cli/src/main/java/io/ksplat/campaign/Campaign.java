// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
import io.ksplat.kernel.KernelSpec;
import java.util.List;
import java.util.Map;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.store.Namespace;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs reproducers on kernels, so many times each, through the same JUnit that an IDE uses. */
public final class Campaign {
    private final Lab lab;
    private final Map<String, String> parameters;

    /**
     * Prepares a campaign.
     *
     * @param parameters configuration parameters of every run, see {@link Settings}
     */
    public Campaign(Lab lab, Map<String, String> parameters) {
        this.lab = lab;
        this.parameters = Map.copyOf(parameters);
    }

    /** Told of what no report can hold: a class that JUnit could not run at all. */
    @FunctionalInterface
    public interface Failures {
        void failed(String what, Throwable why);
    }

    public void run(List<Catalogue.Entry> reproducers, List<KernelSpec> kernels, int repeat, Failures failures) {
        try (LauncherSession session = LauncherFactory.openSession()) {
            session.getStore().put(Namespace.create(Lab.KEY), Lab.KEY, lab);
            for (Catalogue.Entry reproducer : reproducers) {
                for (KernelSpec kernel : kernels) {
                    for (int attempt = 1; attempt <= repeat && !lab.isInterrupted(); attempt++) {
                        var request = LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(reproducer.type()))
                                .configurationParameters(parameters)
                                .configurationParameters(reproducer
                                        .testCase()
                                        .map(name -> Map.of(Settings.Keys.CASE, name))
                                        .orElse(Map.of()))
                                .configurationParameter(Settings.Keys.KERNEL, kernel.toString())
                                .configurationParameter(Settings.Keys.ATTEMPT, Integer.toString(attempt))
                                .build();
                        session.getLauncher().execute(request, new ContainerFailures(failures));
                    }
                }
            }
        }
    }

    /** Tests that ran have their record; what fails around them has none. */
    private record ContainerFailures(Failures failures) implements TestExecutionListener {
        @Override
        public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
            result.getThrowable().ifPresent(why -> {
                if (identifier.isContainer() || !Lab.isJudgement(why)) {
                    failures.failed(identifier.getDisplayName(), why);
                }
            });
        }
    }
}
