// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.Console;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the console of a real machine. */
final class RealConsole implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RealConsole.class);
    private static final Duration SET_UP = Duration.ofSeconds(20);
    /** What a command may take to hang up: a BMC lets nobody else in before it has. */
    private static final Duration HANG_UP = Duration.ofSeconds(5);

    private final Console console;
    private final AutoCloseable source;
    private final Supplier<String> words;

    /** @param words what its source says when it has ended */
    private RealConsole(Console console, AutoCloseable source, Supplier<String> words) {
        this.console = console;
        this.source = source;
        this.words = words;
    }

    /** Starts to listen; what comes is kept in a file. */
    static RealConsole open(MachineEntry entry, Reach reach, Path file) throws IOException {
        ConsoleSource source = entry.console();
        if (source instanceof ConsoleSource.Netconsole net) {
            Netconsole listener = Netconsole.open(entry, reach, net.port());
            return new RealConsole(new Console(listener, file), listener, () -> "nothing is received any more");
        }
        if (source instanceof ConsoleSource.Serial serial) {
            Outcome set = Outcome.of(
                    List.of("stty", "-F", serial.device(), Integer.toString(serial.baud()), "raw", "-echo", "clocal"),
                    new byte[0],
                    SET_UP);
            if (set.exit() != 0) {
                throw new MachineException(
                        "the console of " + entry.name() + ", " + source.inWords() + ": " + set.said());
            }
        }
        Path errors = file.resolveSibling("console.stderr");
        Process process = start(source, reach, errors);
        ByteChannel channel = source instanceof ConsoleSource.Kmsg
                ? new StreamChannel(
                        new KmsgText(new BufferedInputStream(process.getInputStream())),
                        process.getOutputStream(),
                        () -> Outcome.kill(process))
                : new StreamChannel(process.getInputStream(), process.getOutputStream(), () -> hangUp(process));
        return new RealConsole(
                new Console(channel, file),
                () -> {
                    Outcome.kill(process);
                    if (Files.exists(errors) && Files.size(errors) == 0) {
                        Files.delete(errors);
                    }
                },
                () -> said(process, errors));
    }

    /**
     * Ends a command by the end of what it reads, which has ipmitool end its session: one whose client is killed refuses the next one.
     * What does not heed it is killed.
     */
    private static void hangUp(Process process) {
        try {
            process.getOutputStream().close();
            process.waitFor(HANG_UP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (IOException e) {
            LOG.debug("hanging up a console", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            Outcome.kill(process);
        }
    }

    private static String said(Process process, Path errors) {
        String last = "";
        try {
            last = Outcome.last(Files.readString(errors, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            LOG.debug("reading {}", errors, e);
        }
        if (!last.isEmpty()) {
            return last;
        }
        return process.isAlive() ? "it says no more" : "exit status " + process.exitValue();
    }

    private static Process start(ConsoleSource source, Reach reach, Path errors) throws IOException {
        if (source instanceof ConsoleSource.Kmsg) {
            return reach.start("exec cat /dev/kmsg", errors);
        }
        List<String> words = source instanceof ConsoleSource.Command command
                ? Outcome.shell(command.line())
                // A process of its own: nothing else ends a read(2) of a silent line.
                : List.of("cat", ((ConsoleSource.Serial) source).device());
        return new ProcessBuilder(words).redirectError(errors.toFile()).start();
    }

    ConsoleLog log() {
        return console;
    }

    Console console() {
        return console;
    }

    /** Returns why nothing comes from it any more; empty while it is open. */
    Optional<String> ended() {
        return console.ended().isDone() ? Optional.of(words.get()) : Optional.empty();
    }

    @Override
    public void close() throws IOException {
        try {
            console.close();
            source.close();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new MachineException("closing a console failed: " + e.getMessage(), e);
        }
    }
}
