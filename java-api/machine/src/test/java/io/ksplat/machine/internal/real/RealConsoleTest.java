// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RealConsoleTest {
    @TempDir
    private Path folder;

    private RealConsole open(String command) throws IOException {
        MachineEntry entry = MachineEntry.here().heardBy(new ConsoleSource.Command(command));
        return RealConsole.open(entry, new Reach(entry), folder.resolve("console.log"));
    }

    /** ipmitool ends its session at the end of its input; one that is killed leaves it open, and the next one is refused. */
    @Test
    void hangsACommandUpBeforeItIsKilled() throws Exception {
        Path ended = folder.resolve("ended");
        RealConsole console = open("cat >/dev/null; sleep 0.5; touch " + ended);
        assertThat(console.ended()).isEmpty();
        console.close();
        assertThat(ended).exists();
        assertThat(folder.resolve("console.stderr")).doesNotExist();
    }

    @Test
    void killsACommandThatDoesNotHeedIt() throws Exception {
        RealConsole console = open("echo $$; exec sleep 1000");
        while (Files.size(folder.resolve("console.log")) == 0) {
            assertThat(console.ended()).isEmpty();
            Thread.onSpinWait();
        }
        long pid =
                Long.parseLong(Files.readString(folder.resolve("console.log")).strip());
        console.close();
        // Killed, and soon gone.
        ProcessHandle.of(pid)
                .map(ProcessHandle::onExit)
                .ifPresent(end -> assertThat(end).succeedsWithin(Duration.ofSeconds(60)));
    }

    @Test
    void tellsWhyACommandHasEnded() throws Exception {
        try (RealConsole console = open("echo 'SOL payload already active' >&2; exit 1")) {
            console.console().ended().get(60, TimeUnit.SECONDS);
            assertThat(console.ended()).contains("SOL payload already active");
        }
    }
}
