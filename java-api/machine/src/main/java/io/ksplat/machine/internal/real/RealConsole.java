// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.Console;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Opens the console of a real machine. */
final class RealConsole implements AutoCloseable {
    private static final Duration SET_UP = Duration.ofSeconds(20);

    private final Console console;
    private final AutoCloseable source;

    private RealConsole(Console console, AutoCloseable source) {
        this.console = console;
        this.source = source;
    }

    /** Starts to listen; what comes is kept in a file. */
    static RealConsole open(MachineEntry entry, Reach reach, Path file) throws IOException {
        ConsoleSource source = entry.console();
        if (source instanceof ConsoleSource.Netconsole net) {
            Netconsole listener = Netconsole.open(entry, reach, net.port());
            return new RealConsole(new Console(listener, file), listener);
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
                        new KmsgText(new java.io.BufferedInputStream(process.getInputStream())),
                        process.getOutputStream(),
                        () -> Outcome.kill(process))
                : StreamChannel.of(process);
        return new RealConsole(new Console(channel, file), () -> {
            Outcome.kill(process);
            if (Files.exists(errors) && Files.size(errors) == 0) {
                Files.delete(errors);
            }
        });
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
