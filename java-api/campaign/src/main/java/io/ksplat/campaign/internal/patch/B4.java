// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Fetches series from the archives of mailing lists, by b4. */
final class B4 {
    /** A slow archive, and what b4 itself waits for it. */
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private B4() {}

    /**
     * Fetches the newest version of a series.
     *
     * @param id the message ID of any mail of it
     * @param folder an empty folder for the mails
     * @param repository where b4 runs, so that its settings there hold
     */
    static List<Path> fetch(String id, Path folder, Path repository)
            throws IOException, InterruptedException, KernelException {
        Command.Outcome outcome;
        try {
            outcome = new Command(
                            DEADLINE,
                            List.of(
                                    "b4",
                                    "--no-interactive",
                                    "am",
                                    "--no-cover",
                                    "-o",
                                    folder.toString(),
                                    "--",
                                    id.replaceAll("^<|>$", "")))
                    .run(repository);
        } catch (KernelException e) {
            if (e.getCause() instanceof IOException) {
                throw new IOException(
                        "the series of " + id + " was not fetched, b4 cannot be run: install it (apt-get install b4),"
                                + " or give the mails as files",
                        e);
            }
            throw e;
        }
        List<Path> mails;
        try (Stream<Path> files = Files.list(folder)) {
            mails = files.sorted().toList();
        }
        if (!outcome.ok() || mails.isEmpty()) {
            throw new IOException("b4 did not fetch the series of " + id + ": "
                    + outcome.lines().stream()
                            .filter(line -> !line.isBlank())
                            .reduce((first, last) -> last)
                            .orElse("exit code " + outcome.exit()));
        }
        return mails;
    }
}
