// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.RunSettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** What is run, on what, how often, and what counts: of {@code run}, and of {@code plan}, which runs elsewhere. */
final class AttemptsMixin {
    @Parameters(
            paramLabel = "REPRODUCER",
            description = "Reproducers, of any kind, and several: each " + ReproducerMixin.FORMS
                    + ". Arguments of a program stand behind --.")
    private List<String> words = List.of();

    @Option(names = "--all", description = "Every reproducer.")
    private boolean all;

    @Mixin
    private KernelsMixin kernels = new KernelsMixin();

    @Option(names = "--repeat", paramLabel = "N", defaultValue = "1", description = "Attempts of each, default 1.")
    private int repeat;

    @Option(
            names = "--expect",
            paramLabel = "VERDICT",
            description = "The verdict that is expected, whatever the reproducer says.")
    private @Nullable String expect;

    @Option(
            names = "--nmi",
            paramLabel = "MODE",
            description =
                    "as-written, the default: the NMIs that it asks for. none: send no NMIs, to see the controls fail. storm:RATE: instead of those that it asks for,"
                            + " RATE a second as long as it runs; into CPU 0, or with the boot parameter apic_extnmi=all into each.")
    private @Nullable String nmi;

    @Option(names = "--fresh", description = "Boot each machine cold.")
    private boolean fresh;

    @Option(
            names = "--busy",
            paramLabel = "SECONDS",
            description =
                    "How long a CPU may run without a sign of life and without waiting for a lock, in its own run time,"
                            + " before that is evidence (cpu-busy, INCONCLUSIVE). Default: ${DEFAULT-VALUE}, the kernel's soft lockup threshold.")
    private int busy = (int) RunSettings.DEFAULT_BUSY.toSeconds();

    /** Refuses what makes no sense. */
    void check(CommandSpec spec) {
        if (repeat < 1) {
            throw new ParameterException(spec.commandLine(), "--repeat must be at least 1");
        }
        if (busy < 1) {
            throw new ParameterException(spec.commandLine(), "--busy must be at least 1");
        }
        kernels.check();
    }

    List<String> words() {
        return words;
    }

    boolean all() {
        return all;
    }

    /** Returns that nothing was named, as an error. */
    static ParameterException nothingNamed(CommandSpec spec) {
        return new ParameterException(spec.commandLine(), "name a reproducer, or --all; see: ksplat list");
    }

    List<String> kernels() {
        return kernels.specs();
    }

    int repeat() {
        return repeat;
    }

    @Nullable
    String expect() {
        return expect;
    }

    @Nullable
    String nmi() {
        return nmi;
    }

    boolean fresh() {
        return fresh;
    }

    int busySeconds() {
        return busy;
    }

    /** Returns the settings of each run, as far as they are said here. */
    RunSettings settings() {
        return settings(expect, nmi, fresh, busy);
    }

    /** Returns the settings of each run, as a plan has them. */
    static RunSettings settings(@Nullable String expect, @Nullable String nmi, boolean fresh, int busySeconds) {
        RunSettings settings =
                RunSettings.of(RunSettings.DEFAULT_KERNEL).booting(fresh).busyAfter(Duration.ofSeconds(busySeconds));
        if (expect != null) {
            settings = settings.expecting(expect);
        }
        return nmi == null ? settings : settings.sending(nmi);
    }
}
