// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.bpf.BtfType;
import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.GdbStub;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Every thread of every process of a stopped machine, read in as few packets as possible: this is done after each run. The lists are
 * not trusted: they may be inconsistent, or loops.
 */
public final class TaskTable {
    /** The limit of the list: a longer one is a loop in corrupted memory. */
    private static final int MOST = 4096;

    /** Fields that are nearer to each other are read together. */
    private static final int NEAR = 160;

    /** What must be there, and what may be missing. */
    private static final List<String> NEEDED =
            List.of("__state", "flags", "on_cpu", "tasks.next", "pid", "comm", "signal", "nvcsw", "nivcsw");

    private static final String RAN = "se.exec_start";
    private static final String CPU = "thread_info.cpu";
    private static final List<String> WANTED = List.of("thread_node.next", RAN, CPU);

    /** TASK_COMM_LEN (include/linux/sched.h). */
    private static final int COMM = 16;

    private final KernelMemory memory;
    private final KernelBtf btf;
    private final Map<String, BtfType.Member> fields = new HashMap<>();
    private final List<GdbStub.Range> ranges;
    private final Map<Long, Row> rows = new LinkedHashMap<>();
    private boolean complete = true;
    private int reads;

    private record Row(Map<String, Long> values, String comm) {
        long get(String field) {
            return values.getOrDefault(field, 0L);
        }
    }

    private TaskTable(KernelMemory memory, KernelBtf btf) throws MachineException {
        this.memory = memory;
        this.btf = btf;
        for (String field : NEEDED) {
            fields.put(
                    field,
                    member("task_struct", field)
                            .orElseThrow(() -> new MachineException("this kernel's task_struct has no " + field)));
        }
        for (String field : WANTED) {
            member("task_struct", field).ifPresent(found -> fields.put(field, found));
        }
        this.ranges = ranges();
    }

    /**
     * Reads all tasks.
     *
     * @throws MachineException if they cannot be read
     */
    public static TaskTable read(KernelMemory memory, Symbols symbols, KernelBtf btf) throws IOException {
        OptionalLong first = symbols.address("init_task");
        if (first.isEmpty()) {
            throw new MachineException("the kernel's symbols have no init_task");
        }
        TaskTable table = new TaskTable(memory, btf);
        table.readProcesses(first.getAsLong());
        table.readThreads();
        return table;
    }

    private Optional<BtfType.Member> member(String type, String member) {
        return btf.hasMember(type, member) ? Optional.of(btf.member(type, member)) : Optional.empty();
    }

    /** Joins the fields' places to ranges of memory, relative to a task. */
    private List<GdbStub.Range> ranges() {
        TreeMap<Integer, Integer> places = new TreeMap<>();
        fields.forEach((name, field) -> places.put(
                field.offset(), name.equals("comm") ? COMM : field.type().size()));
        List<GdbStub.Range> joined = new ArrayList<>();
        int start = -1;
        int end = -1;
        for (Map.Entry<Integer, Integer> place : places.entrySet()) {
            int to = place.getKey() + place.getValue();
            if (start >= 0 && place.getKey() - end < NEAR && to - start <= GdbStub.MOST_BYTES) {
                end = to;
                continue;
            }
            if (start >= 0) {
                joined.add(new GdbStub.Range(start, end - start));
            }
            start = place.getKey();
            end = to;
        }
        joined.add(new GdbStub.Range(start, end - start));
        return joined;
    }

    private long offset(String field) {
        return Optional.ofNullable(fields.get(field)).orElseThrow().offset();
    }

    private void readProcesses(long first) throws IOException {
        long link = offset("tasks.next");
        long process = first;
        do {
            Optional<Row> row = readRow(process);
            if (row.isEmpty() || rows.size() >= MOST) {
                complete = false;
                return;
            }
            rows.put(process, row.get());
            process = row.get().get("tasks.next") - link;
        } while (process != first && !rows.containsKey(process));
        complete = process == first;
    }

    private void readThreads() throws IOException {
        Optional<BtfType.Member> count = member("signal_struct", "nr_threads");
        Optional<BtfType.Member> head = member("signal_struct", "thread_head.next");
        if (count.isEmpty() || head.isEmpty() || !fields.containsKey("thread_node.next")) {
            complete = false;
            return;
        }
        List<Long> signals =
                rows.values().stream().map(row -> row.get("signal")).toList();
        List<Optional<byte[]>> counts = memory.read(signals.stream()
                .map(signal -> new GdbStub.Range(signal + count.get().offset(), Integer.BYTES))
                .toList());
        for (int i = 0; i < signals.size(); i++) {
            long threads =
                    counts.get(i).map(bytes -> number(bytes, 0, Integer.BYTES)).orElse(0L);
            if (threads > 1) {
                readThreads(signals.get(i) + head.get().offset());
            }
        }
    }

    private void readThreads(long head) throws IOException {
        long link = offset("thread_node.next");
        Optional<byte[]> first =
                memory.read(List.of(new GdbStub.Range(head, Long.BYTES))).get(0);
        long next = first.map(bytes -> number(bytes, 0, Long.BYTES)).orElse(0L);
        for (int i = 0; next != head; i++) {
            Optional<Row> row = next == 0 || i >= MOST ? Optional.empty() : readRow(next - link);
            if (row.isEmpty() || rows.size() >= MOST) {
                complete = false;
                return;
            }
            rows.put(next - link, row.get());
            next = row.get().get("thread_node.next");
        }
    }

    private Optional<Row> readRow(long task) throws IOException {
        // A leader is read twice. Lists that lead into each other are as long as the product of their lengths.
        if (reads++ >= 2 * MOST) {
            return Optional.empty();
        }
        List<Optional<byte[]>> parts = memory.read(ranges.stream()
                .map(range -> new GdbStub.Range(task + range.address(), range.length()))
                .toList());
        if (parts.stream().anyMatch(Optional::isEmpty)) {
            return Optional.empty();
        }
        Map<String, Long> values = new HashMap<>();
        String[] comm = {""};
        fields.forEach((name, field) -> {
            for (int i = 0; i < ranges.size(); i++) {
                int at = field.offset() - (int) ranges.get(i).address();
                byte[] bytes = parts.get(i).orElseThrow();
                if (at < 0 || at >= bytes.length) {
                    continue;
                }
                if (name.equals("comm")) {
                    comm[0] = text(bytes, at);
                } else {
                    values.put(name, number(bytes, at, field.type().size()));
                }
            }
        });
        return Optional.of(new Row(values, comm[0]));
    }

    private static long number(byte[] bytes, int at, int size) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return switch (size) {
            case Long.BYTES -> buffer.getLong(at);
            case Integer.BYTES -> Integer.toUnsignedLong(buffer.getInt(at));
            case Short.BYTES -> Short.toUnsignedLong(buffer.getShort(at));
            default -> Byte.toUnsignedLong(buffer.get(at));
        };
    }

    private static String text(byte[] bytes, int at) {
        int end = at;
        while (end < at + COMM && bytes[end] >= ' ' && bytes[end] <= '~') {
            end++;
        }
        return new String(bytes, at, end - at, StandardCharsets.US_ASCII);
    }

    /** Returns whether all lists could be followed to their ends: a task that is not here does not exist. */
    boolean isComplete() {
        return complete;
    }

    /** Returns the tasks. */
    public List<SeenTask> tasks() {
        // Each run queue has a clock of its own; hearts run on every CPU, so that the last task that ran there tells
        // the time.
        Map<Long, Long> clocks = new HashMap<>();
        rows.values().forEach(row -> clocks.merge(row.get(CPU), row.get(RAN), Math::max));
        List<SeenTask> tasks = new ArrayList<>();
        rows.forEach((id, row) -> tasks.add(new SeenTask(
                id,
                new Task(row.comm, (int) row.get("pid")),
                row.get("__state"),
                row.get("flags"),
                row.get("on_cpu") != 0,
                row.get("nvcsw") + row.get("nivcsw"),
                fields.containsKey(RAN) && fields.containsKey(CPU) && row.get(RAN) != 0
                        ? OptionalLong.of(clocks.getOrDefault(row.get(CPU), 0L) - row.get(RAN))
                        : OptionalLong.empty())));
        return tasks;
    }
}
