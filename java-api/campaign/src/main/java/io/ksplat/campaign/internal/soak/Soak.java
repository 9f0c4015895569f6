// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.soak;

import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.Plan;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Runs every reproducer on every kernel, round after round, each round in another order. A round has a session of its own, so that
 * whatever is left after one is a leak.
 */
public final class Soak {
    private final SoakFolder folder;
    private final long seed;
    private final List<Catalogue.Entry> reproducers;
    private final List<KernelSpec> kernels;
    private final RunSettings settings;

    /** Is told how it goes; several threads tell, one at a time. */
    public interface Listener extends RunLog.Listener {
        /** Tells that a round begins. */
        void begins(int round, int runs);
    }

    /**
     * Opens a soak, or one that was begun in the same folder.
     *
     * @param folder where it is kept
     * @param seed chooses the order of each round
     * @param settings of every run, except its kernel, its number and its report
     */
    public Soak(
            Path folder, long seed, List<Catalogue.Entry> reproducers, List<KernelSpec> kernels, RunSettings settings)
            throws IOException {
        this.folder = SoakFolder.open(
                folder,
                new SoakFolder.State(
                        seed,
                        reproducers.stream().map(Catalogue.Entry::fullId).toList(),
                        kernels.stream().map(KernelSpec::toString).toList()));
        this.seed = seed;
        this.reproducers = List.copyOf(reproducers);
        this.kernels = List.copyOf(kernels);
        this.settings = settings;
    }

    public SoakFolder folder() {
        return folder;
    }

    /** The order depends on the seed and the number of the round alone. */
    static Plan round(List<Catalogue.Entry> reproducers, List<KernelSpec> kernels, long seed, int round) {
        return Plan.of(reproducers, kernels, round, round).shuffled(chance(seed, round));
    }

    /** Returns what chooses the order of a round: the same for the same seed and number. */
    public static Random chance(long seed, int round) {
        return new Random(31 * seed + round);
    }

    /**
     * Runs rounds, and joins their reports.
     *
     * @param rounds how many at most
     * @param goesOn whether another run may begin
     * @return what all rounds in its folder say, earlier ones too
     */
    public SoakResult run(
            int rounds,
            BooleanSupplier goesOn,
            int jobs,
            Supplier<Session> sessions,
            Supplier<Runner> runners,
            Listener listener)
            throws IOException, InterruptedException {
        List<Footprint> held = new ArrayList<>();
        List<String> failures = Collections.synchronizedList(new ArrayList<>());
        boolean interrupted = false;
        for (int done = 0; done < rounds && goesOn.getAsBoolean() && !interrupted; done++) {
            int number = folder.next();
            Plan plan = round(reproducers, kernels, seed, number);
            listener.begins(number, plan.attempts().size());
            try (Session session = sessions.get()) {
                new Campaign(session, settings.reportedIn(folder.round(number)), jobs, runners)
                        .run(plan, goesOn, listener, failures::add);
                interrupted = session.isInterrupted();
            }
            held.add(Footprint.now());
        }
        return new SoakResult(folder.join(), held, failures);
    }
}
