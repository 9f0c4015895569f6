// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class LogFollowerTest {
    private static final String OOPS = """
            [   10.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008
            [   10.000002] CPU: 0 PID: 88 Comm: cat Not tainted 6.1.0 #1
            [   10.000003] RIP: 0010:NAME+0x1/0x2
            [   10.000004] Call Trace:
            [   10.000005]  chrdev_open+0x1/0x2
            """;

    @TempDir
    Path folder;

    private final BlockingQueue<Evidence> found = new LinkedBlockingQueue<>();
    private Path log = Path.of("");
    private Thread follower = new Thread();

    @BeforeEach
    void follow() throws IOException {
        log = Files.writeString(folder.resolve("console.log"), "[    1.000000] usb 1-1: new device\n");
        follower = new Thread(() -> {
            try (ConsoleParser parser = new ConsoleParser(found::add)) {
                LogFollower.follow(log.toString(), parser);
            } catch (IOException e) {
                throw new UncheckedIOException("following " + log, e);
            }
        });
        follower.start();
    }

    @AfterEach
    void end() throws InterruptedException {
        follower.interrupt();
        follower.join();
    }

    private String next() throws InterruptedException {
        Evidence next = found.poll(60, TimeUnit.SECONDS);
        return next == null ? "nothing" : next.function().orElse("none");
    }

    @Test
    void aReportIsToldWhileTheLogGrows() throws Exception {
        Files.writeString(log, OOPS.replace("NAME", "first_open"), StandardOpenOption.APPEND);
        assertThat(next()).isEqualTo("first_open");
        Files.writeString(log, OOPS.replace("NAME", "second_open"), StandardOpenOption.APPEND);
        assertThat(next()).isEqualTo("second_open");
    }

    @Test
    void aLogThatIsReplacedIsReadOn() throws Exception {
        Files.writeString(log, OOPS.replace("NAME", "first_open"), StandardOpenOption.APPEND);
        assertThat(next()).isEqualTo("first_open");
        Files.move(log, folder.resolve("console.log.1"));
        Files.writeString(log, OOPS.replace("NAME", "second_open"));
        assertThat(next()).isEqualTo("second_open");
    }

    @Test
    void aLogThatIsCutIsReadFromItsBeginning() throws Exception {
        Files.writeString(log, OOPS.replace("NAME", "first_open"), StandardOpenOption.APPEND);
        assertThat(next()).isEqualTo("first_open");
        Files.writeString(log, "", StandardOpenOption.TRUNCATE_EXISTING);
        Files.writeString(log, OOPS.replace("NAME", "b"), StandardOpenOption.APPEND);
        assertThat(next()).isEqualTo("b");
    }
}
