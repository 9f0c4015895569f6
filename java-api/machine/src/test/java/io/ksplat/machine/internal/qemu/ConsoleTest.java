// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class ConsoleTest {
    @TempDir
    Path folder;

    private SocketPair sockets;
    private Console console;
    private final ByteArrayOutputStream read = new ByteArrayOutputStream();

    @BeforeEach
    void connect() throws IOException {
        sockets = SocketPair.open();
        console = new Console(sockets.near(), folder.resolve("console.log"));
    }

    @AfterEach
    void disconnect() throws IOException {
        console.close();
        sockets.close();
    }

    private void guestWrites(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
        while (bytes.hasRemaining()) {
            sockets.far().write(bytes);
        }
    }

    /** Byte by byte, so that each border between two reads occurs sooner or later. */
    private void guestWritesSlowly(String text) throws Exception {
        for (int i = 0; i < text.length(); i++) {
            long before = console.bytes();
            guestWrites(text.substring(i, i + 1));
            while (console.bytes() == before) {
                Thread.onSpinWait();
            }
        }
    }

    private void guestEnds() throws IOException {
        sockets.far().close();
        console.awaitEnd(Deadline.in(Duration.ofSeconds(60)));
    }

    private CompletableFuture<Void> readAfter(String token) {
        return console.readAfter(token, read::write);
    }

    @Test
    void keepsEveryByteInTheFile() throws IOException {
        guestWrites("one\r\ntwo \u00ff\u0000\n");
        guestEnds();
        assertThat(Files.readString(console.file(), ISO_8859_1)).isEqualTo("one\r\ntwo \u00ff\u0000\n");
        assertThat(console.bytes()).isEqualTo(12);
    }

    @Test
    void handsOverWhatFollowsTheMarkAndNothingBefore() throws Exception {
        CompletableFuture<Void> marked = readAfter("4f2a");
        guestWrites("boot noise 4f2 a\nksplat: experiment 4f2a\nBUG: something\n");
        marked.get(60, TimeUnit.SECONDS);
        guestWrites("and 4f2a again\n");
        guestEnds();
        assertThat(read.toString(ISO_8859_1)).isEqualTo("\nBUG: something\nand 4f2a again\n");
    }

    /** Nothing that a machine prints between two experiments may be read by nobody. */
    @Test
    void readsForTheReaderBeforeUpToTheMark() throws Exception {
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        CompletableFuture<Void> begun = console.readAfter("4f2a", first::write);
        guestWrites("boot 4f2a one\n");
        begun.get(60, TimeUnit.SECONDS);
        CompletableFuture<Void> marked = readAfter("5f3b");
        guestWritesSlowly("BUG: between 5f3 5f3b");
        marked.get(60, TimeUnit.SECONDS);
        assertThat(first.toString(ISO_8859_1))
                .as("it has all by when the mark is seen")
                .isEqualTo(" one\nBUG: between 5f3 5f3b");
        guestWrites("two\n");
        guestEnds();
        assertThat(read.toString(ISO_8859_1)).isEqualTo("two\n");
    }

    @Test
    void aReaderWhoseMarkNeverCameReadsNothing() throws Exception {
        ByteArrayOutputStream never = new ByteArrayOutputStream();
        console.readAfter("4f2a", never::write);
        CompletableFuture<Void> marked = readAfter("5f3b");
        guestWrites("4f2a 5f3b!");
        marked.get(60, TimeUnit.SECONDS);
        guestEnds();
        assertThat(never.size()).isZero();
        assertThat(read.toString(ISO_8859_1)).isEqualTo("!");
    }

    @Test
    void findsAMarkOverTheBordersOfWhatArrives() throws Exception {
        CompletableFuture<Void> marked = readAfter("4f2a");
        guestWritesSlowly("x4f2a!");
        marked.get(60, TimeUnit.SECONDS);
        guestEnds();
        assertThat(read.toString(ISO_8859_1)).isEqualTo("!");
    }

    @Test
    void findsAMarkThatFollowsItsOwnBeginning() throws Exception {
        CompletableFuture<Void> marked = readAfter("11211a");
        guestWritesSlowly("1121121111211a.");
        marked.get(60, TimeUnit.SECONDS);
        guestEnds();
        assertThat(read.toString(ISO_8859_1)).isEqualTo(".");
    }

    @Test
    void doesNotMistakeASimilarTextForTheMark() throws Exception {
        CompletableFuture<Void> marked = readAfter("4f2a");
        guestWrites("4f2 4f2b 4F2A f2a\n");
        guestEnds();
        assertThat(marked).isNotDone();
        assertThat(read.size()).isZero();
    }

    @Test
    void fillsNoDiskAndStillReadsOn() throws Exception {
        CompletableFuture<Void> marked = readAfter("after-the-flood");
        String flood = "x".repeat(1 << 20);
        for (long written = 0; written <= Console.FILE_LIMIT; written += flood.length()) {
            guestWrites(flood);
        }
        guestWrites("after-the-flood!");
        marked.get(60, TimeUnit.SECONDS);
        guestEnds();
        String note = "\n[ksplat: the rest of this console was not kept]\n";
        assertThat(Files.size(console.file())).isEqualTo(Console.FILE_LIMIT + note.length());
        byte[] tail = new byte[note.length()];
        try (var file = new java.io.RandomAccessFile(console.file().toFile(), "r")) {
            file.seek(Console.FILE_LIMIT);
            file.readFully(tail);
        }
        assertThat(new String(tail, ISO_8859_1)).isEqualTo(note);
        assertThat(read.toString(ISO_8859_1)).isEqualTo("!");
    }

    @Test
    void isLateWhereTheGuestNeverEnds() {
        assertThatThrownBy(() -> console.awaitEnd(Deadline.in(Duration.ofMillis(50))))
                .isInstanceOf(MachineException.Late.class);
    }

    @Test
    void endsWhereItIsClosedFromThisSide() throws IOException {
        console.close();
        console.awaitEnd(Deadline.in(Duration.ofSeconds(60)));
        assertThat(console.file()).isEmptyFile();
    }

    @Test
    void tellsOfAReaderThatFailed() throws IOException {
        console.readAfter("x", (buffer, offset, length) -> {
            throw new IllegalStateException("the reader's own fault");
        });
        guestWrites("xyz");
        assertThatThrownBy(() -> console.awaitEnd(Deadline.in(Duration.ofSeconds(60))))
                .isExactlyInstanceOf(MachineException.class)
                .hasMessageContaining("the reader's own fault");
    }

    @Test
    void replacesTheLogOfAnEarlierMachine() throws IOException {
        guestWrites("first machine");
        guestEnds();
        try (SocketPair other = SocketPair.open();
                Console again = new Console(other.near(), console.file())) {
            other.far().write(ByteBuffer.wrap("second".getBytes(ISO_8859_1)));
            other.far().close();
            again.awaitEnd(Deadline.in(Duration.ofSeconds(60)));
        }
        assertThat(console.file()).hasContent("second");
    }

    @Test
    void whatARestoredMachineSaysBeforeItHasAReaderIsNotLost() throws Exception {
        try (SocketPair pair = SocketPair.open();
                Console restored = Console.restored(
                        pair.near(), folder.resolve("restored.log"), "before\n".getBytes(ISO_8859_1))) {
            pair.far().write(ByteBuffer.wrap("BUG: early\n".getBytes(ISO_8859_1)));
            while (restored.bytes() < 11) {
                Thread.onSpinWait();
            }
            StringBuilder heard = new StringBuilder();
            restored.readAll((buffer, offset, length) -> heard.append(new String(buffer, offset, length, ISO_8859_1)));
            pair.far().write(ByteBuffer.wrap("late\n".getBytes(ISO_8859_1)));
            pair.far().close();
            restored.awaitEnd(Deadline.in(Duration.ofSeconds(10)));

            assertThat(heard).hasToString("BUG: early\nlate\n");
            assertThat(folder.resolve("restored.log")).hasContent("before\nBUG: early\nlate");
            assertThatThrownBy(() -> restored.readAll((buffer, offset, length) -> {}))
                    .isInstanceOf(IllegalStateException.class);
        }
    }
}
