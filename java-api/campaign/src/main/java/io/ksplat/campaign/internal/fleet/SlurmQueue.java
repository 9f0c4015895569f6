// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Submits batch scripts to the Slurm of this machine. */
public final class SlurmQueue {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private SlurmQueue() {}

    /** Submits a script, and returns the number of its job. */
    public static String submit(Path script) throws IOException, InterruptedException {
        return sbatch(List.of(), script);
    }

    /** Submits a script that runs when another job has ended, however that ended. */
    public static String submitAfter(String job, Path script) throws IOException, InterruptedException {
        return sbatch(List.of("--dependency=afterany:" + job), script);
    }

    private static String sbatch(List<String> options, Path script) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("sbatch", "--parsable"));
        words.addAll(options);
        words.add(script.toString());
        Command.Outcome outcome;
        try {
            outcome = new Command(LIMIT, words).run(Path.of(".").toAbsolutePath());
        } catch (KernelException e) {
            throw new IOException(
                    "cannot submit " + script + ", " + e.getMessage()
                            + ": submit where Slurm is installed and its controller is up (sinfo)",
                    e);
        }
        String said = String.join(" ", outcome.lines()).strip();
        // NUMBER;CLUSTER, if there are several clusters.
        String id = said.replaceFirst(";.*", "");
        if (!outcome.ok() || !id.matches("[0-9]+")) {
            throw new IOException("sbatch refused " + script + ": " + said.replaceAll("\\s+", " "));
        }
        return id;
    }
}
