// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.agent;

import com.google.protobuf.ByteString;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfProgramInfo;
import io.ksplat.bpf.BpfStream;
import io.ksplat.bpf.BpfTarget;
import io.ksplat.bpf.GlobalVariable;
import io.ksplat.bpf.RunResult;
import io.ksplat.bpf.internal.BpfBackend;
import io.ksplat.bpf.internal.libbpf.BpfLoadPlan;
import io.ksplat.bpf.internal.libbpf.Errno;
import io.ksplat.bpf.internal.libbpf.LoadFailure;
import io.ksplat.bpf.internal.libbpf.MapBatch;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.AgentTarget;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.agent.proto.Batch;
import io.ksplat.machine.internal.agent.proto.BpfAttach;
import io.ksplat.machine.internal.agent.proto.BpfDetach;
import io.ksplat.machine.internal.agent.proto.BpfLoad;
import io.ksplat.machine.internal.agent.proto.BpfMap;
import io.ksplat.machine.internal.agent.proto.BpfProgram;
import io.ksplat.machine.internal.agent.proto.BpfTestRun;
import io.ksplat.machine.internal.agent.proto.BpfUnload;
import io.ksplat.machine.internal.agent.proto.GlobalRead;
import io.ksplat.machine.internal.agent.proto.GlobalWrite;
import io.ksplat.machine.internal.agent.proto.JitedFunction;
import io.ksplat.machine.internal.agent.proto.JitedLine;
import io.ksplat.machine.internal.agent.proto.MapDelete;
import io.ksplat.machine.internal.agent.proto.MapKeys;
import io.ksplat.machine.internal.agent.proto.MapLookup;
import io.ksplat.machine.internal.agent.proto.MapLookupBatch;
import io.ksplat.machine.internal.agent.proto.MapSize;
import io.ksplat.machine.internal.agent.proto.MapUpdate;
import io.ksplat.machine.internal.agent.proto.MapUpdateBatch;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Response;
import io.ksplat.machine.internal.agent.proto.SectionBytes;
import io.ksplat.machine.internal.agent.proto.StreamRead;
import io.ksplat.machine.internal.agent.proto.TestRunResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A BPF object that the agent has loaded. Global variables are read from outside, so that those of a dead guest can be read. */
public final class AgentBackend implements BpfBackend {
    private static final int PAGE = 4096;

    /**
     * How many times longer than another request a load may take: the verifier looks at up to a million instructions
     * (BPF_COMPLEXITY_LIMIT_INSNS), which under TCG takes minutes if it keeps many states.
     */
    private static final int VERIFIER = 8;

    /** The types of per-CPU maps, as in native/src/agent/bpf_map.c. */
    private static final Set<Integer> PER_CPU = Set.of(5, 6, 10, 21);

    private final AgentTarget guest;
    private final BpfObjectFile file;
    private final io.ksplat.machine.internal.agent.proto.BpfObject loaded;

    private AgentBackend(
            AgentTarget guest, BpfObjectFile file, io.ksplat.machine.internal.agent.proto.BpfObject loaded) {
        this.guest = guest;
        this.file = file;
        this.loaded = loaded;
    }

    public static AgentBackend load(AgentTarget guest, BpfObjectFile file, BpfLoadPlan plan) throws IOException {
        BpfLoad.Builder load = BpfLoad.newBuilder()
                .setName(file.name().replaceAll("[^A-Za-z0-9_]", "_"))
                .setObject(ByteString.copyFrom(file.bytes()))
                .addAllPrograms(plan.programs());
        plan.initial()
                .forEach(initial -> load.addInitial(SectionBytes.newBuilder()
                        .setSection(initial.variable().section())
                        .setOffset(initial.variable().offset())
                        .setData(ByteString.copyFrom(initial.value()))));
        plan.maxEntries()
                .forEach((map, entries) ->
                        load.addMapSizes(MapSize.newBuilder().setMap(map).setMaxEntries(entries)));
        return new AgentBackend(
                guest,
                file,
                explained(file, () -> sendLoad(guest, Request.newBuilder().setBpfLoad(load)))
                        .getBpfObject());
    }

    @Override
    public AgentBackend in(BpfTarget restored) {
        if (restored instanceof Guest guest) {
            return new AgentBackend(guest, file, loaded);
        }
        throw new IllegalStateException("this object exists only in machines that are restored from its own");
    }

    /** An agent that sleeps in its load, for a lock say, is not waited for like a verifier that is busy. */
    private static Response sendLoad(AgentTarget guest, Request.Builder load) throws IOException {
        return guest.agent().call(load, guest.agent().patience().multipliedBy(VERIFIER - 1), guest::ranNanos);
    }

    private static Response call(AgentTarget guest, Request.Builder request) throws IOException {
        return call(guest, request, Duration.ZERO);
    }

    private static Response call(AgentTarget guest, Request.Builder request, Duration more) throws IOException {
        try {
            return send(guest, request, more);
        } catch (AgentException e) {
            throw new BpfException(e.what(), e.errno(), e.log());
        }
    }

    private static Response send(AgentTarget guest, Request.Builder request, Duration more) throws IOException {
        try {
            return guest.agent().call(request, guest.agent().patience().plus(more));
        } catch (AgentException e) {
            if (e.errno() == Errno.EBADF) {
                throw new IllegalStateException("the BPF object is closed: " + e.getMessage(), e);
            }
            throw e;
        }
    }

    /** What the kernel or libbpf may refuse. */
    @FunctionalInterface
    private interface Refusable {
        Response response() throws IOException;
    }

    /** Says of a refusal whose fault it is. */
    private static Response explained(BpfObjectFile file, Refusable refusable) throws IOException {
        try {
            return refusable.response();
        } catch (AgentException e) {
            throw LoadFailure.exception(new LoadFailure.Report(
                    e.what(),
                    e.errno(),
                    e.verifier() ? Optional.of(e.log()) : Optional.empty(),
                    e.libbpf(),
                    e.lacks(),
                    file.programs().stream().collect(Collectors.toMap(BpfProgramInfo::name, BpfProgramInfo::section))));
        }
    }

    private Response call(Request.Builder request) throws IOException {
        return call(guest, request);
    }

    private int id() {
        return loaded.getHandle();
    }

    @Override
    public long handle() {
        return Integer.toUnsignedLong(id());
    }

    @Override
    public List<String> programs() {
        return loaded.getProgramsList().stream().map(BpfProgram::getName).toList();
    }

    @Override
    public List<MapFacts> maps() {
        return loaded.getMapsList().stream()
                .map(map -> new MapFacts(
                        map.getName(),
                        map.getKeySize(),
                        map.getValueSize(),
                        map.getMaxEntries(),
                        PER_CPU.contains(map.getType())))
                .toList();
    }

    @Override
    public List<Symbol> symbols() {
        return loaded.getProgramsList().stream()
                .flatMap(program -> program.getFunctionsList().stream())
                .map(jited -> Symbol.bpf(jited.getName(), jited.getAddress(), jited.getLength()))
                .toList();
    }

    @Override
    public List<BpfLine> lines() {
        List<BpfLine> lines = new ArrayList<>();
        for (BpfProgram program : loaded.getProgramsList()) {
            for (JitedFunction jited : program.getFunctionsList()) {
                String file = "";
                for (JitedLine line : jited.getLinesList()) {
                    file = line.getFile().isEmpty() ? file : line.getFile();
                    lines.add(new BpfLine(jited.getAddress() + line.getOffset(), file, line.getLine()));
                }
            }
        }
        return List.copyOf(lines);
    }

    @Override
    public long attach(String program) throws IOException {
        Request.Builder attach = Request.newBuilder()
                .setBpfAttach(BpfAttach.newBuilder().setHandle(id()).setProgram(program));
        return Integer.toUnsignedLong(explained(file, () -> send(guest, attach, Duration.ZERO))
                .getLink()
                .getLink());
    }

    @Override
    public void detach(long link) throws IOException {
        call(Request.newBuilder().setBpfDetach(BpfDetach.newBuilder().setLink((int) link)));
    }

    private Request.Builder testRun(RunPlan plan, int together) {
        BpfTestRun.Builder run = BpfTestRun.newBuilder()
                .setHandle(id())
                .setProgram(plan.program)
                .setContext(ByteString.copyFrom(plan.context))
                .setData(ByteString.copyFrom(plan.packet))
                .setRepeat(plan.repeat)
                .setTogether(together);
        plan.cpu.ifPresent(run::setCpu);
        return Request.newBuilder().setBpfTestRun(run);
    }

    @Override
    public RunResult run(RunPlan plan) throws IOException {
        TestRunResult result = call(testRun(plan, 0)).getTestRunResult();
        if (result.getError() != 0) {
            throw new BpfException("BPF_PROG_TEST_RUN of " + plan.program, result.getError(), "");
        }
        return new RunResult(
                result.getRetval(),
                Integer.toUnsignedLong(result.getDurationNs()),
                result.getContext().toByteArray(),
                result.getData().toByteArray());
    }

    @Override
    public void start(RunPlan plan, Optional<Party> party) throws IOException {
        guest.agent().send(testRun(plan, party.map(Party::size).orElse(0)));
    }

    @Override
    public Optional<byte[]> lookup(String map, byte[] key) throws IOException {
        try {
            return Optional.of(call(Request.newBuilder()
                            .setMapLookup(MapLookup.newBuilder()
                                    .setHandle(id())
                                    .setMap(map)
                                    .setKey(ByteString.copyFrom(key))))
                    .getBytes()
                    .getData()
                    .toByteArray());
        } catch (BpfException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public void update(String map, byte[] key, byte[] value, long flags) throws IOException {
        call(Request.newBuilder()
                .setMapUpdate(MapUpdate.newBuilder()
                        .setHandle(id())
                        .setMap(map)
                        .setKey(ByteString.copyFrom(key))
                        .setValue(ByteString.copyFrom(value))
                        .setFlags(flags)));
    }

    @Override
    public void delete(String map, byte[] key) throws IOException {
        call(Request.newBuilder()
                .setMapDelete(MapDelete.newBuilder().setHandle(id()).setMap(map).setKey(ByteString.copyFrom(key))));
    }

    @Override
    public List<byte[]> keys(String map) throws IOException {
        return call(Request.newBuilder()
                        .setMapKeys(MapKeys.newBuilder().setHandle(id()).setMap(map)))
                .getKeys()
                .getKeysList()
                .stream()
                .map(ByteString::toByteArray)
                .toList();
    }

    @Override
    public MapBatch lookupBatch(String map, Optional<byte[]> from, int most) throws IOException {
        Batch batch = call(Request.newBuilder()
                        .setMapLookupBatch(MapLookupBatch.newBuilder()
                                .setHandle(id())
                                .setMap(map)
                                .setFrom(ByteString.copyFrom(from.orElse(new byte[0])))
                                .setCount(most)))
                .getBatch();
        return MapBatch.of(
                batch.getCount(),
                batch.getKeys().toByteArray(),
                batch.getValues().toByteArray(),
                batch.getNext().isEmpty()
                        ? Optional.empty()
                        : Optional.of(batch.getNext().toByteArray()));
    }

    @Override
    public void updateBatch(String map, List<Map.Entry<byte[], byte[]>> entries, long flags) throws IOException {
        ByteString.Output keys = ByteString.newOutput();
        ByteString.Output values = ByteString.newOutput();
        for (Map.Entry<byte[], byte[]> entry : entries) {
            keys.write(entry.getKey());
            values.write(entry.getValue());
        }
        call(Request.newBuilder()
                .setMapUpdateBatch(MapUpdateBatch.newBuilder()
                        .setHandle(id())
                        .setMap(map)
                        .setCount(entries.size())
                        .setKeys(keys.toByteString())
                        .setValues(values.toByteString())
                        .setFlags(flags)));
    }

    @Override
    public byte[] read(GlobalVariable variable) throws IOException {
        if (guest.physical().isEmpty()) {
            return call(Request.newBuilder()
                            .setGlobalRead(GlobalRead.newBuilder()
                                    .setHandle(id())
                                    .setSection(variable.section())
                                    .setOffset(variable.offset())
                                    .setLength(variable.size())))
                    .getBytes()
                    .getData()
                    .toByteArray();
        }
        ByteBuffer value = ByteBuffer.allocate(variable.size());
        for (int done = 0; done < variable.size(); ) {
            int at = variable.offset() + done;
            int chunk = Math.min(variable.size() - done, PAGE - at % PAGE);
            value.put(guest.physical().get().read(page(variable, at / PAGE) + at % PAGE, chunk));
            done += chunk;
        }
        return value.array();
    }

    @Override
    public void write(GlobalVariable variable, byte[] value) throws IOException {
        call(Request.newBuilder()
                .setGlobalWrite(GlobalWrite.newBuilder()
                        .setHandle(id())
                        .setSection(variable.section())
                        .setOffset(variable.offset())
                        .setData(ByteString.copyFrom(value))));
    }

    @Override
    public long physicalAddress(GlobalVariable variable) throws MachineException {
        return page(variable, variable.offset() / PAGE) + variable.offset() % PAGE;
    }

    private long page(GlobalVariable variable, int index) throws MachineException {
        List<Long> pages = loaded.getMapsList().stream()
                .filter(map -> map.getName().equals(variable.section()))
                .findFirst()
                .map(BpfMap::getPagesList)
                .orElse(List.of());
        if (index >= pages.size()) {
            throw new MachineException("the agent sent no physical address for page " + index + " of "
                    + variable.section() + ", which holds " + variable.name());
        }
        return pages.get(index);
    }

    @Override
    public byte[] readStream(String program, BpfStream stream) throws IOException {
        return call(Request.newBuilder()
                        .setStreamRead(StreamRead.newBuilder()
                                .setHandle(id())
                                .setProgram(program)
                                .setStream(stream.number())))
                .getBytes()
                .getData()
                .toByteArray();
    }

    @Override
    public RingSource ring(String map) {
        return new AgentRing((request, more) -> call(guest, request, more), id(), map);
    }

    @Override
    public void close() throws IOException {
        call(Request.newBuilder().setBpfUnload(BpfUnload.newBuilder().setHandle(id())));
    }
}
