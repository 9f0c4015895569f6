// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.agent;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.agent.proto.Echo;
import io.ksplat.machine.internal.agent.proto.Hello;
import io.ksplat.machine.internal.agent.proto.MakeDirectory;
import io.ksplat.machine.internal.agent.proto.ReadFile;
import io.ksplat.machine.internal.agent.proto.Remove;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Reseed;
import io.ksplat.machine.internal.agent.proto.Response;
import io.ksplat.machine.internal.agent.proto.SayHello;
import io.ksplat.machine.internal.agent.proto.WriteFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ByteChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of the agent's protocol, native/proto/agent.proto. Thread-safe; requests may overlap. The guest is not trusted: frames
 * are bounded, and every wait has a deadline.
 */
public final class AgentClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentClient.class);
    private static final int FRAME_LIMIT = 32 << 20;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** The limit of one answer, all its parts together: the longest file that is read is a kernel's BTF or symbols, some 20 MB. */
    private static final long ANSWER_LIMIT = 256L << 20;

    /** What an answer's part takes here, however short it is: many small ones must not fill the memory. */
    private static final long PART_BYTES = 4096;

    /** The limit of all answers together whose last part is missing: a hostile agent may begin many and end none. */
    private static final long UNFINISHED_LIMIT = ANSWER_LIMIT;

    private final ByteChannel channel;
    private final Duration patience;
    private final Patience.Starvation starvation;
    private final AtomicInteger nextId = new AtomicInteger();
    private final CompletableFuture<Hello> hello = new CompletableFuture<>();
    private final Map<Integer, Answer> waiting = new ConcurrentHashMap<>();
    private final Unasked unasked = new Unasked();

    /** Bytes of answers whose last part is missing; only the reading thread uses it. */
    private long unfinished;

    private final CompletableFuture<MachineException> closed = new CompletableFuture<>();

    /**
     * @param patience the time limit of a request without its own
     * @param starvation how long the agent's machine could not run: the limits do not count that
     */
    public AgentClient(ByteChannel channel, Duration patience, Patience.Starvation starvation) {
        this.channel = channel;
        this.patience = patience;
        this.starvation = starvation;
        Thread reader = new Thread(this::read, "ksplat-agent");
        reader.setDaemon(true);
        reader.start();
    }

    /** Returns a future that completes when the agent is ready. */
    public CompletableFuture<Hello> hello() {
        return hello;
    }

    /** Sends a request and waits for its whole answer. */
    public Response call(Request.Builder request) throws IOException {
        return call(request, patience);
    }

    /** Returns the time limit of a request without its own. */
    Duration patience() {
        return patience;
    }

    public Response call(Request.Builder request, Duration patience) throws IOException {
        return last(collect(request, patience));
    }

    /** Sends a request that takes long only if the machine is busy with it; {@code ranNanos} tells whether it runs. */
    Response call(Request.Builder request, Duration more, LongSupplier ranNanos) throws IOException {
        CompletableFuture<List<Response>> answer = send(request).whole;
        return last(whole(await(request, answer, Patience.whileItRuns(patience, starvation, more, ranNanos))));
    }

    /**
     * Sends a request to a machine that may die of it.
     *
     * @param dying completes once there is reason to think that it does
     * @param last how long an answer may take from then on
     */
    Response call(Request.Builder request, Duration patience, CompletableFuture<?> dying, Duration last)
            throws IOException {
        Answer answer = send(request);
        await(request, CompletableFuture.anyOf(answer.whole, dying), patience);
        return last(whole(await(request, answer.whole, last)));
    }

    private List<Response> collect(Request.Builder request, Duration patience) throws IOException {
        return whole(await(request, send(request).whole, patience));
    }

    private static Response last(List<Response> parts) {
        return parts.get(parts.size() - 1);
    }

    private static List<Response> whole(List<Response> parts) throws AgentException {
        Response last = last(parts);
        if (last.hasFailure()) {
            throw AgentException.of(last.getFailure());
        }
        return parts;
    }

    private <T> T await(Request.Builder request, CompletableFuture<T> answer, Duration limit) throws IOException {
        return await(request, answer, Patience.of(limit, starvation));
    }

    private <T> T await(Request.Builder request, CompletableFuture<T> answer, Patience patience) throws IOException {
        try {
            return patience.await(answer);
        } catch (ExecutionException e) {
            throw new MachineException.Gone(
                    String.valueOf(Objects.requireNonNullElse(e.getCause(), e).getMessage()));
        } catch (TimeoutException e) {
            throw new MachineException.Late("the agent did not answer "
                    + request.getOpCase().name().toLowerCase(java.util.Locale.ROOT) + " within " + patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while waiting for the agent", e);
        }
    }

    /** Sends a request without waiting: it may never be answered. */
    public Answer send(Request.Builder request) throws IOException {
        int id = nextId.incrementAndGet();
        byte[] body = request.setId(id).build().toByteArray();
        ByteBuffer frame = ByteBuffer.allocate(4 + body.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(body.length).put(body).flip();
        Answer answer = new Answer(new ArrayList<>(), new AtomicLong(), new CompletableFuture<>());
        waiting.put(id, answer);
        // Checked after the entry is visible, so that a reader that ends meanwhile cannot miss it.
        if (closed.isDone()) {
            throw new MachineException.Gone(String.valueOf(closed.join().getMessage()));
        }
        synchronized (channel) {
            try {
                while (frame.hasRemaining()) {
                    channel.write(frame);
                }
            } catch (IOException e) {
                throw new MachineException.Gone("the agent's channel was closed (" + e.getMessage() + ")");
            }
        }
        return answer;
    }

    /**
     * Passes on what the agent tells unasked of a process, also what it has told before.
     *
     * @param process the name in {@code Spawn}
     * @param listener is called by the reading thread
     */
    public void listen(int process, Consumer<Response> listener) {
        unasked.listen(process, listener);
    }

    /**
     * Checks that a restored agent answers: it must echo a random token. Then seeds its kernel's random generator, before any
     * other request, because machines restored from one template would draw the same numbers.
     */
    public void proveAlive() throws IOException {
        byte[] seed = new byte[64];
        RANDOM.nextBytes(seed);
        ByteString token = ByteString.copyFromUtf8("ksplat:" + Long.toHexString(RANDOM.nextLong()));
        Request.Builder echo = Request.newBuilder().setEcho(Echo.newBuilder().setToken(token));
        Answer echoed = send(echo);
        // The agent serves requests in order: the next one finds the generator seeded.
        var unused = send(Request.newBuilder().setReseed(Reseed.newBuilder().setData(ByteString.copyFrom(seed))))
                .whole
                .thenAccept(AgentClient::warnUnlessDone);
        Response answer = whole(await(echo, echoed.whole, patience)).get(0);
        if (!answer.getBytes().getData().equals(token)) {
            throw new MachineException("the agent did not echo the token: its answers are out of step");
        }
    }

    /** Only warns: the one consequence is that machines from one template draw the same numbers for a while. */
    private static void warnUnlessDone(List<Response> parts) {
        if (parts.get(0).hasFailure()) {
            LOG.warn("{}", AgentException.of(parts.get(0).getFailure()).getMessage());
        }
    }

    /** Asks the agent to describe its machine now. */
    public Hello sayHello() throws IOException {
        return call(Request.newBuilder().setSayHello(SayHello.getDefaultInstance()))
                .getHello();
    }

    /** Reads a guest file. */
    public byte[] readFile(String path) throws IOException {
        return readFile(path, 0);
    }

    /** Reads the first {@code length} bytes of a guest file (0: all of it). */
    public byte[] readFile(String path, long length) throws IOException {
        return readFile(path, length, patience.multipliedBy(6));
    }

    /** The same, within a limit of its own. */
    public byte[] readFile(String path, long length, Duration limit) throws IOException {
        ByteString bytes = ByteString.EMPTY;
        for (Response part : collect(
                Request.newBuilder()
                        .setReadFile(ReadFile.newBuilder().setPath(path).setLength(length)),
                limit)) {
            bytes = bytes.concat(part.getBytes().getData());
        }
        return bytes.toByteArray();
    }

    public void writeFile(String path, byte[] data) throws IOException {
        call(Request.newBuilder()
                .setWriteFile(WriteFile.newBuilder().setPath(path).setData(ByteString.copyFrom(data))));
    }

    public void writeFile(String path, String text) throws IOException {
        writeFile(path, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** Writes an executable file in the guest. */
    public void writeProgram(String path, byte[] elf) throws IOException {
        call(Request.newBuilder()
                .setWriteFile(WriteFile.newBuilder().setPath(path).setMode(0755).setData(ByteString.copyFrom(elf))));
    }

    public void makeDirectory(String path) throws IOException {
        call(Request.newBuilder().setMakeDirectory(MakeDirectory.newBuilder().setPath(path)));
    }

    /** Removes a file or an empty directory. */
    public void remove(String path) throws IOException {
        call(Request.newBuilder().setRemove(Remove.newBuilder().setPath(path)));
    }

    /** Returns the number of requests that are not fully answered. */
    public int unanswered() {
        return waiting.size();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void read() {
        MachineException end;
        try {
            while (true) {
                dispatch(Response.parseFrom(frame()));
            }
        } catch (InvalidProtocolBufferException e) {
            end = new MachineException("the agent sent an invalid message: " + e.getMessage(), e);
        } catch (EOFException e) {
            end = new MachineException.Gone("the agent's channel was closed");
        } catch (IOException | RuntimeException e) {
            // Without an end everybody who waits would wait for his whole patience.
            end = new MachineException("the agent's channel broke: " + e, e);
        }
        closed.complete(end);
        try {
            channel.close();
        } catch (IOException e) {
            end.addSuppressed(e);
        }
        hello.completeExceptionally(end);
        for (Answer answer : waiting.values()) {
            answer.whole.completeExceptionally(end);
        }
    }

    private ByteBuffer frame() throws IOException {
        int length = fill(ByteBuffer.allocate(4)).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (length < 0 || length > FRAME_LIMIT) {
            throw new InvalidProtocolBufferException("a frame of " + length + " bytes");
        }
        return fill(ByteBuffer.allocate(length));
    }

    private ByteBuffer fill(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException();
            }
        }
        return buffer.flip();
    }

    private void dispatch(Response response) throws InvalidProtocolBufferException {
        if (response.getId() == 0 && response.hasHello()) {
            hello.complete(response.getHello());
            return;
        }
        if (response.getId() == 0) {
            unasked.told(response);
            return;
        }
        Answer answer = waiting.get(response.getId());
        if (answer == null) {
            return;
        }
        answer.parts.add(response);
        long part = response.getSerializedSize() + PART_BYTES;
        unfinished += part;
        if (answer.bytes.addAndGet(part) > ANSWER_LIMIT) {
            throw new InvalidProtocolBufferException("an answer of more than " + ANSWER_LIMIT + " bytes");
        }
        if (unfinished > UNFINISHED_LIMIT) {
            throw new InvalidProtocolBufferException("more than " + UNFINISHED_LIMIT + " bytes of unfinished answers");
        }
        if (!response.getMore()) {
            unfinished -= answer.bytes.get();
            waiting.remove(response.getId());
            answer.whole.complete(List.copyOf(answer.parts));
        }
    }

    /** The answer to one request; only the reading thread adds to it. */
    record Answer(List<Response> parts, AtomicLong bytes, CompletableFuture<List<Response>> whole) {}
}
