// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.agent.proto.Bytes;
import io.ksplat.machine.internal.agent.proto.Done;
import io.ksplat.machine.internal.agent.proto.Echo;
import io.ksplat.machine.internal.agent.proto.Ended;
import io.ksplat.machine.internal.agent.proto.Failure;
import io.ksplat.machine.internal.agent.proto.Hello;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Response;
import io.ksplat.machine.internal.qemu.SocketPair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The test is the agent. */
@Timeout(120)
class AgentClientTest {
    private SocketPair sockets;
    private AgentClient client;

    @BeforeEach
    void connect() throws IOException {
        sockets = SocketPair.open();
        client = new AgentClient(sockets.near(), Duration.ofSeconds(60), Patience.Starvation.NONE);
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        sockets.close();
    }

    private void send(Response.Builder response) throws IOException {
        byte[] body = response.build().toByteArray();
        frame(body.length, body);
    }

    private void frame(int length, byte... body) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 + body.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(length).put(body).flip();
        while (bytes.hasRemaining()) {
            sockets.far().write(bytes);
        }
    }

    private Request receive() throws IOException {
        int length = read(4).order(ByteOrder.LITTLE_ENDIAN).getInt();
        return Request.parseFrom(read(length));
    }

    private ByteBuffer read(int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (sockets.far().read(bytes) < 0) {
                throw new AssertionError("the client closed the channel");
            }
        }
        return bytes.flip();
    }

    private static Request.Builder echo(String token) {
        return Request.newBuilder().setEcho(Echo.newBuilder().setToken(ByteString.copyFromUtf8(token)));
    }

    private static Response.Builder bytes(int id, String text) {
        return Response.newBuilder().setId(id).setBytes(Bytes.newBuilder().setData(ByteString.copyFromUtf8(text)));
    }

    private static Response.Builder failure(int id, Failure.Builder failure) {
        return Response.newBuilder().setId(id).setFailure(failure);
    }

    private CompletableFuture<String> asking(String token) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return client.call(echo(token)).getBytes().getData().toStringUtf8();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private CompletableFuture<byte[]> reading(String path) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return client.readFile(path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void aDyingMachineIsNotWaitedForItsWholeTime() throws Exception {
        CompletableFuture<String> dying = new CompletableFuture<>();
        CompletableFuture<Throwable> failure = CompletableFuture.supplyAsync(() ->
                catchThrowable(() -> client.call(echo("never"), Duration.ofDays(1), dying, Duration.ofMillis(1))));
        receive();
        assertThat(failure).isNotDone();
        dying.complete("Kernel panic - not syncing");
        assertThat(failure.get(60, TimeUnit.SECONDS)).isInstanceOf(MachineException.Late.class);
    }

    @Test
    void anAnswerOfADyingMachineCounts() throws Exception {
        CompletableFuture<String> dying = CompletableFuture.completedFuture("WARNING");
        CompletableFuture<Response> answer = CompletableFuture.supplyAsync(() -> {
            try {
                return client.call(echo("late"), Duration.ofMillis(1), dying, Duration.ofDays(1));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        send(bytes(receive().getId(), "late"));
        assertThat(answer.get(60, TimeUnit.SECONDS).getBytes().getData().toStringUtf8())
                .isEqualTo("late");
    }

    private static Throwable failureOf(CompletableFuture<?> future) throws Exception {
        try {
            throw new AssertionError("no failure but " + future.get(60, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return e.getCause() instanceof UncheckedIOException wrapped ? wrapped.getCause() : e.getCause();
        }
    }

    @Test
    void completesHelloWhenTheAgentSpeaksFirst() throws Exception {
        assertThat(client.hello()).isNotDone();
        send(Response.newBuilder()
                .setHello(Hello.newBuilder().setRelease("7.2.13").setCpus(2)));
        assertThat(client.hello().get(60, TimeUnit.SECONDS).getRelease()).isEqualTo("7.2.13");
    }

    @Test
    void givesAnswersThatComeInAnotherOrderToWhoAsked() throws Exception {
        CompletableFuture<String> one = asking("one");
        Request first = receive();
        CompletableFuture<String> two = asking("two");
        Request second = receive();
        assertThat(first.getId()).isNotZero().isNotEqualTo(second.getId());
        send(bytes(second.getId(), "to " + second.getEcho().getToken().toStringUtf8()));
        assertThat(two.get(60, TimeUnit.SECONDS)).isEqualTo("to two");
        assertThat(one).isNotDone();
        send(bytes(first.getId(), "to one"));
        assertThat(one.get(60, TimeUnit.SECONDS)).isEqualTo("to one");
    }

    @Test
    void passesOverAnswersThatNobodyAskedFor() throws Exception {
        CompletableFuture<String> answer = asking("x");
        Request request = receive();
        send(bytes(4711, "nobody"));
        send(Response.newBuilder().setDone(Done.getDefaultInstance()));
        send(bytes(request.getId(), "somebody"));
        assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo("somebody");
        send(bytes(request.getId(), "too late"));
        CompletableFuture<String> next = asking("y");
        send(bytes(receive().getId(), "next"));
        assertThat(next.get(60, TimeUnit.SECONDS)).isEqualTo("next");
    }

    @Test
    void joinsAFileThatComesInPiecesEvenBetweenOthersAnswers() throws Exception {
        CompletableFuture<byte[]> file = reading("/proc/kallsyms");
        Request request = receive();
        assertThat(request.getReadFile().getPath()).isEqualTo("/proc/kallsyms");
        send(bytes(request.getId(), "ffff").setMore(true));
        CompletableFuture<String> other = asking("other");
        send(bytes(receive().getId(), "between"));
        assertThat(other.get(60, TimeUnit.SECONDS)).isEqualTo("between");
        assertThat(file).isNotDone();
        send(bytes(request.getId(), " T _text").setMore(true));
        send(bytes(request.getId(), ""));
        assertThat(file.get(60, TimeUnit.SECONDS)).isEqualTo("ffff T _text".getBytes(UTF_8));
    }

    @Test
    void failsAFileWhoseLastPieceIsAFailure() throws Exception {
        CompletableFuture<byte[]> file = reading("/proc/1/mem");
        int id = receive().getId();
        send(bytes(id, "half").setMore(true));
        send(failure(id, Failure.newBuilder().setError(5).setWhat("read /proc/1/mem")));
        assertThat(failureOf(file)).isExactlyInstanceOf(AgentException.class).hasMessage("read /proc/1/mem: EIO");
    }

    @Test
    void takesWhatComesInSmallPieces() throws Exception {
        CompletableFuture<String> answer = asking("x");
        byte[] body = bytes(receive().getId(), "slow").build().toByteArray();
        ByteBuffer frame = ByteBuffer.allocate(4 + body.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(body.length).put(body).flip();
        while (frame.hasRemaining()) {
            sockets.far().write(ByteBuffer.wrap(new byte[] {frame.get()}));
        }
        assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo("slow");
    }

    @Test
    void namesTheErrorOfAFailure() throws Exception {
        CompletableFuture<String> answer = asking("x");
        send(failure(receive().getId(), Failure.newBuilder().setError(2).setWhat("open /proc/nope")));
        assertThat(failureOf(answer))
                .isExactlyInstanceOf(AgentException.class)
                .hasMessage("open /proc/nope: ENOENT")
                .extracting(failure -> ((AgentException) failure).errno())
                .isEqualTo(2);
    }

    @Test
    void keepsTheNumberOfAnErrorThatHasNoNameHere() throws Exception {
        CompletableFuture<String> answer = asking("x");
        send(failure(receive().getId(), Failure.newBuilder().setError(133).setWhat("try")));
        assertThat(failureOf(answer)).hasMessage("try: errno 133");
    }

    @Test
    void saysAtOnceThatTheChannelWasClosedToWhoWaitsAndToWhoAsksLater() throws Exception {
        CompletableFuture<String> answer = asking("x");
        receive();
        sockets.far().close();
        assertThat(failureOf(answer))
                .isExactlyInstanceOf(MachineException.Gone.class)
                .hasMessage("the agent's channel was closed");
        assertThat(failureOf(client.hello())).isInstanceOf(MachineException.Gone.class);
        assertThatThrownBy(() -> client.call(echo("y"))).isInstanceOf(MachineException.Gone.class);
        assertThatThrownBy(() -> client.writeFile("/tmp/x", "y")).isInstanceOf(MachineException.Gone.class);
    }

    @Test
    void saysSoWhereTheChannelIsCutInTheMiddleOfAFrame() throws Exception {
        CompletableFuture<String> answer = asking("x");
        receive();
        frame(100, new byte[20]);
        sockets.far().close();
        assertThat(failureOf(answer)).isInstanceOf(MachineException.Gone.class);
    }

    @Test
    void refusesAFrameThatIsTooLongBeforeItMakesRoomForIt() throws Exception {
        for (int length : new int[] {(32 << 20) + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
            try (SocketPair pair = SocketPair.open();
                    AgentClient other =
                            new AgentClient(pair.near(), Duration.ofSeconds(60), Patience.Starvation.NONE)) {
                pair.far()
                        .write(ByteBuffer.allocate(4)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putInt(length)
                                .flip());
                assertThat(failureOf(other.hello()))
                        .isInstanceOf(MachineException.class)
                        .hasMessage("the agent sent an invalid message: a frame of " + length + " bytes");
            }
        }
    }

    @Test
    void takesAnAgentThatTalksGarbageForGone() throws Exception {
        CompletableFuture<String> answer = asking("x");
        receive();
        frame(4, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff);
        assertThat(failureOf(answer))
                .isInstanceOf(MachineException.Gone.class)
                .hasMessageStartingWith("the agent sent an invalid message: ");
    }

    @Test
    void waitsNoLongerThanItsPatience() throws Exception {
        try (SocketPair pair = SocketPair.open();
                AgentClient other = new AgentClient(pair.near(), Duration.ofMillis(150), Patience.Starvation.NONE)) {
            assertThatThrownBy(() -> other.call(echo("x")))
                    .isInstanceOf(MachineException.Late.class)
                    .hasMessage("the agent did not answer echo within 150 ms");
        }
    }

    @Test
    void boundsAnAnswerThatNeverEnds() throws Exception {
        CompletableFuture<byte[]> file = reading("/dev/zero");
        int id = receive().getId();
        String piece = "x".repeat(1 << 20);
        Thread hostile = new Thread(() -> {
            try {
                for (int i = 0; i < 400; i++) {
                    send(bytes(id, piece).setMore(true));
                }
            } catch (IOException e) {
                // The client hung up, as it should.
            }
        });
        hostile.start();
        assertThat(failureOf(file)).isInstanceOf(MachineException.class).hasMessageContaining("more than");
        hostile.join(60_000);
        assertThat(hostile.isAlive()).isFalse();
    }

    private static Response.Builder ended(int process, int status) {
        return Response.newBuilder()
                .setEnded(Ended.newBuilder().setProcess(process).setStatus(status));
    }

    /** Waits until the client has read what was sent before. */
    private void inStep() throws Exception {
        CompletableFuture<Response> answer = CompletableFuture.supplyAsync(() -> {
            try {
                return client.call(echo("in step"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        send(Response.newBuilder().setId(receive().getId()).setDone(Done.getDefaultInstance()));
        answer.get(60, TimeUnit.SECONDS);
    }

    @Test
    void whatIsToldUnaskedReachesWhoeverListens() throws Exception {
        List<Response> told = new CopyOnWriteArrayList<>();
        client.listen(7, told::add);
        send(ended(7, 11));
        send(ended(8, 0));
        inStep();
        assertThat(told).extracting(response -> response.getEnded().getStatus()).containsExactly(11);
    }

    @Test
    void whatIsToldBeforeAnybodyListensIsKept() throws Exception {
        List<Response> told = new CopyOnWriteArrayList<>();
        send(ended(7, 11));
        inStep();
        client.listen(7, told::add);
        client.listen(9, told::add);
        assertThat(told).extracting(response -> response.getEnded().getStatus()).containsExactly(11);
    }

    @Test
    void whatNobodyListensToIsDroppedAfterAWhile() throws Exception {
        for (int i = 0; i < 20_000; i++) {
            send(ended(7, i));
        }
        inStep();
        List<Response> told = new CopyOnWriteArrayList<>();
        client.listen(7, told::add);
        assertThat(told).hasSizeBetween(1, 19_999);
    }
}
