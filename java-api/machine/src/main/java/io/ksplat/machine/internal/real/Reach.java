// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands on a real machine: by OpenSSH, with the user's own configuration, keys and jump hosts, over one connection; or here. Nobody
 * is asked for anything: what needs a password fails. Thread-safe.
 */
public final class Reach implements AutoCloseable {
    private static final String READY = "ksplat-is-here";
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration COMMAND = Duration.ofSeconds(30);

    private final MachineEntry entry;
    private @Nullable Process master;
    private @Nullable Path folder;

    public Reach(MachineEntry entry) {
        this.entry = entry;
    }

    private boolean isHere() {
        return entry.ssh().isEmpty();
    }

    /**
     * Connects, if there is no connection.
     *
     * @throws MachineException with ssh's own reason
     */
    public synchronized void connect() throws IOException {
        Process known = master;
        if (isHere() || (known != null && known.isAlive())) {
            return;
        }
        disconnect();
        // The path of a socket is short (unix(7)): not in the report's folder.
        Path made = Files.createTempDirectory("ksplat-ssh");
        folder = made;
        Path errors = made.resolve("stderr");
        List<String> words = ssh(List.of("-M", "-S", socket(made).toString()));
        // It ends with its standard input, and so with this process, however that ends.
        words.add("echo " + READY + "; exec cat >/dev/null");
        Process process =
                new ProcessBuilder(words).redirectError(errors.toFile()).start();
        master = process;
        CompletableFuture<String> first = new CompletableFuture<>();
        Outcome.daemon("ksplat-ssh", () -> {
            try {
                String line = process.inputReader().readLine();
                first.complete(line == null ? "" : line);
            } catch (IOException e) {
                first.completeExceptionally(e);
            }
        });
        try {
            String line = first.get(entry.scale(CONNECT).multipliedBy(2).toMillis(), TimeUnit.MILLISECONDS);
            if (!line.equals(READY)) {
                throw new MachineException("cannot connect to " + entry.name() + " (ssh "
                        + entry.ssh().get() + "): " + why(errors));
            }
        } catch (TimeoutException | ExecutionException e) {
            disconnect();
            throw new MachineException.Late(
                    "cannot connect to " + entry.name() + " (ssh " + entry.ssh().get() + "): no answer within "
                            + entry.scale(CONNECT).multipliedBy(2).toSeconds() + " s");
        } catch (InterruptedException e) {
            disconnect();
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while connecting to " + entry.name(), e);
        } catch (MachineException e) {
            disconnect();
            throw e;
        }
    }

    private static String why(Path errors) throws IOException {
        String said = Outcome.last(Files.readString(errors, StandardCharsets.ISO_8859_1));
        return said.isEmpty() ? "ssh says nothing" : said;
    }

    private static Path socket(Path folder) {
        return folder.resolve("master");
    }

    private List<String> ssh(List<String> options) {
        List<String> words = new ArrayList<>(List.of(
                "ssh",
                "-T",
                "-o",
                "BatchMode=yes",
                "-o",
                "ConnectTimeout=" + entry.scale(CONNECT).toSeconds(),
                "-o",
                "ServerAliveInterval=" + Math.max(5, entry.slowness() * 2),
                "-o",
                "ServerAliveCountMax=6"));
        words.addAll(entry.sshOptions());
        words.addAll(options);
        words.add(entry.ssh().orElseThrow());
        return words;
    }

    private synchronized List<String> words(String line) throws IOException {
        if (isHere()) {
            return Outcome.shell(line);
        }
        connect();
        Path known = folder;
        if (known == null) {
            throw new MachineException.Gone("the connection to " + entry.name() + " is closed");
        }
        List<String> words = ssh(List.of("-S", socket(known).toString(), "-o", "ControlMaster=no"));
        words.add(line);
        return words;
    }

    /** Starts a shell's command line there; its standard streams are the process's. */
    Process start(String line, Path errors) throws IOException {
        return new ProcessBuilder(words(line)).redirectError(errors.toFile()).start();
    }

    /** Runs a shell's command line there. */
    Outcome run(String line, byte[] input) throws IOException {
        return run(line, input, COMMAND);
    }

    private Outcome run(String line, byte[] input, Duration limit) throws IOException {
        return Outcome.of(words(line), input, entry.scale(limit));
    }

    /**
     * Runs a shell's command line there that must succeed, and takes long.
     *
     * @param input a file of this host, which it reads
     */
    void put(String what, String line, Path input, Duration limit) throws IOException {
        check(what, Outcome.of(words(line), input, entry.scale(limit)));
    }

    private String check(String what, Outcome outcome) throws MachineException {
        if (outcome.exit() != 0) {
            throw new MachineException(what + " on " + entry.name() + " failed: "
                    + (outcome.said().isEmpty() ? "exit status " + outcome.exit() : outcome.said()));
        }
        return outcome.text().strip();
    }

    /**
     * Runs a shell's command line there that must succeed, and returns what it prints.
     *
     * @throws MachineException with what it says
     */
    String output(String what, String line) throws IOException {
        return output(what, line, COMMAND);
    }

    /** The same of one that takes longer. */
    String output(String what, String line, Duration limit) throws IOException {
        return check(what, run(line, new byte[0], limit));
    }

    /**
     * Runs a shell's command line there over a connection of its own, and returns what it prints.
     *
     * @throws MachineException why no such connection can be made
     */
    String anew(String line) throws IOException {
        List<String> words = isHere() ? Outcome.shell(line) : ssh(List.of("-S", "none"));
        if (!isHere()) {
            words.add(line);
        }
        Outcome outcome = Outcome.of(words, new byte[0], entry.scale(CONNECT).multipliedBy(2));
        if (outcome.exit() != 0) {
            throw new MachineException(outcome.said().isEmpty() ? "exit status " + outcome.exit() : outcome.said());
        }
        return outcome.text();
    }

    /** Drops the connection, which may be a dead one. */
    synchronized void disconnect() throws IOException {
        Process process = master;
        master = null;
        if (process != null) {
            try (OutputStream input = process.getOutputStream()) {
                input.flush();
            } catch (IOException e) {
                // It has ended already.
                process.destroy();
            }
            try {
                if (!process.waitFor(1, TimeUnit.SECONDS)) {
                    Outcome.kill(process);
                }
            } catch (InterruptedException e) {
                Outcome.kill(process);
                Thread.currentThread().interrupt();
            }
        }
        Path made = folder;
        folder = null;
        if (made != null) {
            Files.deleteIfExists(socket(made));
            Files.deleteIfExists(made.resolve("stderr"));
            Files.deleteIfExists(made);
        }
    }

    @Override
    public void close() throws IOException {
        disconnect();
    }
}
