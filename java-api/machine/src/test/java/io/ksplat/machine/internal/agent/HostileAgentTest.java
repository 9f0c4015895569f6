// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.agent.proto.Bytes;
import io.ksplat.machine.internal.agent.proto.Done;
import io.ksplat.machine.internal.agent.proto.Ended;
import io.ksplat.machine.internal.agent.proto.Hello;
import io.ksplat.machine.internal.agent.proto.Output;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Response;
import io.ksplat.machine.internal.qemu.SocketPair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An agent that breaks its protocol in every way that it can: whoever asked gets the truth or an error, in time and in bounded memory. */
@Timeout(300)
class HostileAgentTest {
    private static final String TOKEN = "the file";
    private static final int FRAME_LIMIT = 32 << 20;

    /** What the agent does when it is asked for a file, and what comes of it. */
    private enum Agent {
        NEVER_ANSWERS("the agent did not answer read_file within ") {
            @Override
            void answer(Peer peer, Request asked) {}
        },
        ANSWERS_AFTER_THE_DEADLINE("the agent did not answer read_file within ") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                // A request of its own makes the answer late without a clock.
                peer.late = Peer.file(asked.getId());
            }
        },
        ANSWERS_TWICE("OK " + TOKEN) {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.say(Peer.file(asked.getId()));
                peer.say(Peer.bytes(asked.getId(), "another"));
            }
        },
        ANSWERS_WHAT_NOBODY_ASKED_FIRST("OK " + TOKEN) {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                for (int id : new int[] {0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, asked.getId() + 1}) {
                    peer.say(Peer.bytes(id, "another"));
                }
                peer.say(Peer.file(asked.getId()));
            }
        },
        ANSWERS_SOMETHING_ELSE("OK ") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.say(Response.newBuilder().setId(asked.getId()).setHello(Hello.getDefaultInstance()));
            }
        },
        TELLS_A_LENGTH_OF_4_GB("the agent sent an invalid message: a frame of -1 bytes") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.frame(-1, new byte[0]);
            }
        },
        TELLS_A_LENGTH_AND_CLOSES("the agent's channel was closed") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.frame(FRAME_LIMIT, new byte[100]);
                peer.channel.close();
            }
        },
        CLOSES("the agent's channel was closed") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.channel.close();
            }
        },
        TALKS_GARBAGE("the agent sent an invalid message: ") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.frame(8, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
            }
        },
        SENDS_EMPTY_PIECES_FOR_EVER("the agent sent an invalid message: an answer of more than ") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.flood(Response.newBuilder().setId(asked.getId()).setMore(true), 400_000);
            }
        },
        INVENTS_PROCESSES("OK " + TOKEN) {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                Output.Builder output = Output.newBuilder().setStream(1).setData(ByteString.copyFrom(new byte[100]));
                for (int i = Peer.FRAGILE + 1; i < Peer.FRAGILE + 20_000; i++) {
                    peer.say(Response.newBuilder().setOutput(output.setProcess(i)));
                }
                peer.say(Peer.file(asked.getId()));
            }
        },
        TELLS_AN_END_THAT_BREAKS_ITS_LISTENER(
                "the agent's channel broke: java.lang.IllegalStateException: no such end") {
            @Override
            void answer(Peer peer, Request asked) throws IOException {
                peer.say(Response.newBuilder()
                        .setEnded(Ended.newBuilder().setProcess(Peer.FRAGILE).setStatus(1)));
            }
        };

        private final String outcome;

        Agent(String outcome) {
            this.outcome = outcome;
        }

        abstract void answer(Peer peer, Request asked) throws IOException;
    }

    /** The agent's end of the channel. */
    private static final class Peer {
        static final int FRAGILE = 4711;

        private final SocketChannel channel;
        private Response.Builder late = Response.newBuilder();

        Peer(SocketChannel channel) {
            this.channel = channel;
        }

        static Response.Builder bytes(int id, String text) {
            return Response.newBuilder().setId(id).setBytes(Bytes.newBuilder().setData(ByteString.copyFromUtf8(text)));
        }

        static Response.Builder file(int id) {
            return bytes(id, TOKEN);
        }

        Request asked() throws IOException {
            int length = read(4).order(ByteOrder.LITTLE_ENDIAN).getInt();
            return Request.parseFrom(read(length));
        }

        private ByteBuffer read(int length) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(length);
            while (bytes.hasRemaining()) {
                if (channel.read(bytes) < 0) {
                    throw new IOException("the client hung up");
                }
            }
            return bytes.flip();
        }

        void say(Response.Builder response) throws IOException {
            byte[] body = response.build().toByteArray();
            frame(body.length, body);
        }

        void frame(int length, byte[] body) throws IOException {
            write(ByteBuffer.allocate(4 + body.length)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(length)
                    .put(body)
                    .flip());
        }

        /** Until the client hangs up, which it must. */
        void flood(Response.Builder response, int times) throws IOException {
            byte[] body = response.build().toByteArray();
            int atOnce = Math.max(1, (1 << 16) / (body.length + 4));
            ByteBuffer frames = ByteBuffer.allocate(atOnce * (4 + body.length)).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < atOnce; i++) {
                frames.putInt(body.length).put(body);
            }
            for (int i = 0; i < times; i += atOnce) {
                write(frames.flip());
                frames.position(frames.limit());
            }
        }

        private void write(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Agent.class)
    void whoeverAskedGetsTheTruthOrAnError(Agent agent) throws Exception {
        boolean waits = agent.outcome.startsWith("the agent did not answer");
        Duration patience = waits ? Duration.ofMillis(50) : Duration.ofSeconds(30);
        try (SocketPair pair = SocketPair.open();
                AgentClient client = new AgentClient(pair.near(), patience, Patience.Starvation.NONE)) {
            client.listen(Peer.FRAGILE, told -> {
                throw new IllegalStateException("no such end");
            });
            Peer peer = new Peer(pair.far());
            CompletableFuture<Void> hostile = CompletableFuture.runAsync(() -> {
                try {
                    agent.answer(peer, peer.asked());
                } catch (IOException e) {
                    // The client hung up, as it should.
                }
            });
            String outcome = outcome(client);
            System.out.println("hostile agent: " + agent.name().toLowerCase(java.util.Locale.ROOT) + ": " + outcome);
            assertThat(outcome).startsWith(agent.outcome);
            hostile.get(120, TimeUnit.SECONDS);
            if (waits) {
                peer.say(peer.late);
                CompletableFuture<Void> honest = CompletableFuture.runAsync(() -> {
                    try {
                        peer.say(Peer.bytes(peer.asked().getId(), "the next file"));
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
                // Not asserted with the short patience: a busy machine may need longer for it.
                Response next = client.call(
                        Request.newBuilder()
                                .setReadFile(io.ksplat.machine.internal.agent.proto.ReadFile.getDefaultInstance()),
                        Duration.ofMinutes(2));
                assertThat(next.getBytes().getData().toStringUtf8()).isEqualTo("the next file");
                honest.get(60, TimeUnit.SECONDS);
            }
        }
    }

    private static String outcome(AgentClient client) {
        try {
            return "OK " + new String(client.readFile("/proc/kallsyms"), java.nio.charset.StandardCharsets.UTF_8);
        } catch (MachineException e) {
            return String.valueOf(e.getMessage());
        } catch (IOException e) {
            return e.toString();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ANSWERS_TWICE", "ANSWERS_SOMETHING_ELSE", "CLOSES", "TALKS_GARBAGE"})
    void onlyAnAgentThatEchoesThisRunsTokenIsAlive(Agent agent) throws Exception {
        try (SocketPair pair = SocketPair.open();
                AgentClient client = new AgentClient(pair.near(), Duration.ofSeconds(60), Patience.Starvation.NONE)) {
            Peer peer = new Peer(pair.far());
            CompletableFuture<Void> hostile = CompletableFuture.runAsync(() -> {
                try {
                    // What it says is not the token: it is of another run.
                    agent.answer(peer, peer.asked());
                    peer.say(Response.newBuilder().setId(peer.asked().getId()).setDone(Done.getDefaultInstance()));
                } catch (IOException e) {
                    // The client hung up.
                }
            });
            org.assertj.core.api.Assertions.assertThatThrownBy(client::proveAlive)
                    .isInstanceOf(MachineException.class);
            hostile.get(60, TimeUnit.SECONDS);
        }
    }

    /** Answers that are begun and never ended, so many that each alone is short enough. */
    @org.junit.jupiter.api.Test
    void unfinishedAnswersAreBoundedTogether() throws Exception {
        try (SocketPair pair = SocketPair.open();
                AgentClient client = new AgentClient(pair.near(), Duration.ofSeconds(60), Patience.Starvation.NONE)) {
            Peer peer = new Peer(pair.far());
            int many = 20;
            int[] ids = new int[many];
            java.util.List<AgentClient.Answer> answers = new java.util.ArrayList<>();
            for (int i = 0; i < many; i++) {
                answers.add(client.send(Request.newBuilder()
                        .setReadFile(io.ksplat.machine.internal.agent.proto.ReadFile.getDefaultInstance())));
                ids[i] = peer.asked().getId();
            }
            CompletableFuture<Void> hostile = CompletableFuture.runAsync(() -> {
                try {
                    for (int id : ids) {
                        peer.flood(Response.newBuilder().setId(id).setMore(true), 5_000);
                    }
                } catch (IOException e) {
                    // The client hung up.
                }
            });
            assertThat(answers.get(0).whole())
                    .failsWithin(Duration.ofSeconds(120))
                    .withThrowableOfType(java.util.concurrent.ExecutionException.class)
                    .withMessageContaining("unfinished answers");
            hostile.get(60, TimeUnit.SECONDS);
        }
    }
}
