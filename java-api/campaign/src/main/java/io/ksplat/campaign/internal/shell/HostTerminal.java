// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.shell;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The terminal of the host in raw mode. A process beside this one restores it when this is closed, and also when this process is
 * killed, with kill -9 too: it notices the end of its input.
 */
final class HostTerminal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostTerminal.class);
    private static final Path STDIN = Path.of("/proc/self/fd/0");
    private static final Pattern SIZE = Pattern.compile("(\\d{1,5}) (\\d{1,5})");
    private static final long RESTORING_S = 5;

    /**
     * Prints rows and columns at first and when they change: the terminal sends SIGWINCH to its foreground. SIGTTOU is for those who
     * change a terminal from the background, which it is when its parent has been killed.
     */
    private static final String KEEPER = """
            trap '' INT QUIT TERM HUP TTOU TSTP
            saved=$(stty -g -F "$1") || exit
            trap 'stty size -F "$1"' WINCH
            stty raw -echo -F "$1"
            stty size -F "$1"
            exec 3<&0
            cat <&3 >/dev/null &
            while kill -0 $! 2>/dev/null; do wait $!; done
            stty "$saved" -F "$1"
            """;

    private final Process keeper;

    private HostTerminal(Process keeper) {
        this.keeper = keeper;
    }

    /** Returns the terminal that is this process's standard input; empty if that is something else. */
    static Optional<Path> ofStandardInput() {
        try {
            Path target = Files.readSymbolicLink(STDIN);
            return target.toString().matches("/dev/(?:pts/\\d+|tty\\w*|console)")
                    ? Optional.of(target)
                    : Optional.empty();
        } catch (IOException e) {
            LOG.debug("cannot read {}", STDIN, e);
            return Optional.empty();
        }
    }

    /** Receives the size of the terminal. */
    @FunctionalInterface
    interface Resized {
        void to(int rows, int columns) throws IOException;
    }

    /**
     * Sets a terminal to raw mode.
     *
     * @param resized is called for the first size and each new one
     */
    static HostTerminal raw(Path terminal, Resized resized) throws IOException {
        Process keeper = new ProcessBuilder("sh", "-c", KEEPER, "ksplat-terminal", terminal.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Thread reader = new Thread(() -> sizes(keeper, line -> tell(line, resized)), "ksplat-terminal");
        reader.setDaemon(true);
        reader.start();
        return new HostTerminal(keeper);
    }

    private static void sizes(Process keeper, Consumer<String> each) {
        try (BufferedReader lines = keeper.inputReader(StandardCharsets.US_ASCII)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                each.accept(line);
            }
        } catch (IOException e) {
            LOG.debug("reading the terminal's size", e);
        }
    }

    private static void tell(String line, Resized resized) {
        Matcher size = SIZE.matcher(line);
        // A terminal that does not know its size has none: 0 0.
        if (size.matches() && !line.startsWith("0 ")) {
            try {
                resized.to(Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)));
            } catch (IOException e) {
                LOG.debug("the machine cannot be told its terminal's size", e);
            }
        }
    }

    /** Restores the terminal. */
    @Override
    public void close() throws IOException {
        keeper.getOutputStream().close();
        try {
            keeper.waitFor(RESTORING_S, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
