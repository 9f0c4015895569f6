// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.soak;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.engine.Session;
import io.ksplat.results.ReportMerge;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a soak is kept: what it is in {@code soak.json}, and a report of each round in {@code rounds/0001} and so on, so that it can be
 * stopped at any time and goes on with the next round.
 */
public final class SoakFolder {
    private static final String STATE = "soak.json";
    private static final String ROUNDS = "rounds";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;

    /** What must be the same when a soak goes on. */
    record State(long seed, List<String> reproducers, List<String> kernels) {}

    private SoakFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Opens it, and begins a soak there if there is none.
     *
     * @throws IllegalArgumentException in one line, if something else is there, or another soak
     */
    static SoakFolder open(Path folder, State state) throws IOException {
        Path known = folder.resolve(STATE);
        if (Files.exists(known)) {
            if (!state.equals(read(known))) {
                throw new IllegalArgumentException(
                        folder + " has a soak with another seed, other reproducers or other kernels (" + STATE
                                + "): give the same ones to go on with it, or name another folder with --report");
            }
        } else {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> there = Files.list(folder)) {
                    if (there.findAny().isPresent()) {
                        throw new IllegalArgumentException(
                                folder + " is not empty and has no soak: name another folder with --report");
                    }
                }
            }
            Files.createDirectories(folder.resolve(ROUNDS));
            Files.writeString(known, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state) + "\n");
        }
        return new SoakFolder(folder);
    }

    private static State read(Path known) throws IOException {
        try {
            return JSON.readValue(known.toFile(), State.class);
        } catch (JsonProcessingException e) {
            throw new IOException(known + " is no record of a soak: " + e.getOriginalMessage(), e);
        }
    }

    /** Returns the reports of the rounds, in their order. */
    private List<Path> rounds() throws IOException {
        try (Stream<Path> rounds = Files.list(folder.resolve(ROUNDS))) {
            return rounds.filter(Files::isDirectory).sorted().toList();
        }
    }

    /** Returns the number of the next round: after one that was cut short, too. */
    int next() throws IOException {
        return rounds().stream()
                        .mapToInt(round -> Integer.parseInt(round.getFileName().toString()))
                        .max()
                        .orElse(0)
                + 1;
    }

    /** Returns the folder of a round's report. */
    Path round(int number) {
        return folder.resolve(ROUNDS).resolve(String.format(Locale.ROOT, "%04d", number));
    }

    /** Returns where the report of all rounds goes. */
    public Path joint() {
        return folder.resolve("report");
    }

    /** Joins the reports of all rounds, and returns the runs that came to an end. */
    List<RunRecord> join() throws IOException {
        return ReportMerge.of(rounds(), joint()).stream()
                .filter(SoakFolder::hasEnded)
                .toList();
    }

    /** One that was cut short by the end of ksplat says nothing. */
    static boolean hasEnded(RunRecord run) {
        return run.isFinished() && !(run.isError() && run.message().equals(Optional.of(Session.INTERRUPTED)));
    }
}
