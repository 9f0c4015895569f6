// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A kernel's BTF of a few structs, made by hand (Documentation/bpf/btf.rst): what lies in memory is the fuzzer's, not this. */
final class Types {
    private static final int INT = 1;
    private static final int STRUCT = 4;
    private static final int UINT32 = 1;
    private static final int UINT64 = 2;
    private static final int FIRST = 3;

    private final ByteArrayOutputStream names = new ByteArrayOutputStream();
    private final ByteArrayOutputStream types = new ByteArrayOutputStream();
    private final Map<String, Integer> structs = new LinkedHashMap<>();

    private Types() {
        names.write(0);
        integer("unsigned int", 4);
        integer("unsigned long", 8);
    }

    /** A member: the name of a struct, or {@code u32} or {@code u64}. */
    private record Member(String name, String type, int offset) {}

    /** Returns the types of the lists and rings that are followed in memory. */
    static byte[] bytes() {
        Types all = new Types();
        all.struct("list_head", 16, "next u64 0", "prev u64 8");
        all.struct("hlist_node", 16, "next u64 0", "pprev u64 8");
        all.struct("data_pos", 16, "begin u64 0", "next u64 8");
        all.struct("prb_desc", 24, "state_var u64 0", "text_blk_lpos data_pos 8");
        all.struct(
                "printk_info", 24, "seq u64 0", "ts_nsec u64 8", "text_len u32 16", "facility u32 20", "level u32 20");
        all.struct(
                "desc_ring", 48, "count_bits u32 0", "descs u64 8", "infos u64 16", "head_id u64 24", "tail_id u64 32");
        all.struct("data_ring", 32, "size_bits u32 0", "data u64 8");
        all.struct("printk_ringbuffer", 80, "desc_ring desc_ring 0", "text_data_ring data_ring 48");
        all.struct("signal_struct", 24, "nr_threads u32 0", "thread_head list_head 8");
        all.struct(
                "task_struct",
                96,
                "tasks list_head 0",
                "thread_node list_head 16",
                "signal u64 32",
                "pid u32 40",
                "comm u64 48",
                "lockdep_depth u32 56",
                "held_locks u64 64");
        all.struct("bpf_ksym", 64, "start u64 0", "end u64 8", "name u64 16", "lnode list_head 32");
        all.struct("ftrace_ops", 64, "trampoline u64 0", "trampoline_size u64 8", "list list_head 16");
        all.struct("pcpu_hot", 16, "current_task u64 0", "preempt_count u32 8");
        return all.built();
    }

    static KernelBtf parsed() {
        try {
            return KernelBtf.parse(bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void integer(String name, int size) {
        words(types, name(name), INT << 24, size, 8 * size);
    }

    private void struct(String name, int size, String... members) {
        List<Member> read = java.util.Arrays.stream(members)
                .map(text -> text.split(" ", -1))
                .map(parts -> new Member(parts[0], parts[1], Integer.parseInt(parts[2])))
                .toList();
        structs.put(name, FIRST + structs.size());
        words(types, name(name), STRUCT << 24 | read.size(), size);
        for (Member member : read) {
            int type = switch (member.type) {
                case "u32" -> UINT32;
                case "u64" -> UINT64;
                default -> structs.get(member.type);
            };
            words(types, name(member.name), type, 8 * member.offset);
        }
    }

    private int name(String name) {
        int at = names.size();
        names.writeBytes(name.getBytes(UTF_8));
        names.write(0);
        return at;
    }

    private static void words(ByteArrayOutputStream out, int... words) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int word : words) {
            bytes.putInt(word);
        }
        out.writeBytes(bytes.array());
    }

    private byte[] built() {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        words(whole, 0x0001_eb9f, 24, 0, types.size(), types.size(), names.size());
        whole.writeBytes(types.toByteArray());
        whole.writeBytes(names.toByteArray());
        return whole.toByteArray();
    }
}
