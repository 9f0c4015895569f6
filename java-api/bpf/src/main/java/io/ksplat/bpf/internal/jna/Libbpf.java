// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.jna;

import com.sun.jna.Callback;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.PointerType;
import com.sun.jna.ptr.IntByReference;
import org.jspecify.annotations.Nullable;

/**
 * The functions of libbpf under their C names, see {@code bpf/libbpf.h} and {@code bpf/btf.h}. Call {@link #bind} first.
 *
 * <p>A function that returns a pointer returns null and sets errno if it fails.
 */
@SuppressWarnings("MemberName") // the names are C's
public final class Libbpf {
    private Libbpf() {}

    /** Binds all functions below to a library. Throws UnsatisfiedLinkError, with the message of the loader, if it cannot. */
    public static void bind(String soname) {
        Native.register(Libbpf.class, NativeLibrary.getInstance(soname));
    }

    public static final class BpfObject extends PointerType {}

    public static final class BpfProgram extends PointerType {}

    public static final class BpfMap extends PointerType {}

    public static final class BpfLink extends PointerType {}

    public static final class RingBuffer extends PointerType {}

    public static final class Btf extends PointerType {}

    public static final class BtfDump extends PointerType {}

    /** {@code libbpf_print_fn_t}; level 0 is a warning, 1 information, 2 debug output. */
    public interface PrintFunction extends Callback {
        int invoke(int level, Pointer format, Pointer arguments);
    }

    public static native int libbpf_major_version();

    public static native int libbpf_minor_version();

    public static native String libbpf_version_string();

    public static native @Nullable Pointer libbpf_set_print(PrintFunction function);

    public static native @Nullable String libbpf_bpf_prog_type_str(int type);

    public static native @Nullable String libbpf_bpf_attach_type_str(int type);

    public static native @Nullable String libbpf_bpf_map_type_str(int type);

    public static native @Nullable BpfObject bpf_object__open_mem(Pointer buffer, SizeT size, Pointer options);

    public static native void bpf_object__close(BpfObject object);

    public static native @Nullable Btf bpf_object__btf(BpfObject object);

    public static native @Nullable BpfProgram bpf_object__next_program(BpfObject object, @Nullable BpfProgram previous);

    public static native String bpf_program__name(BpfProgram program);

    public static native String bpf_program__section_name(BpfProgram program);

    public static native int bpf_program__type(BpfProgram program);

    public static native int bpf_program__expected_attach_type(BpfProgram program);

    public static native boolean bpf_program__autoload(BpfProgram program);

    public static native @Nullable BpfMap bpf_object__next_map(BpfObject object, @Nullable BpfMap previous);

    public static native String bpf_map__name(BpfMap map);

    public static native boolean bpf_map__is_internal(BpfMap map);

    public static native int bpf_map__type(BpfMap map);

    public static native int bpf_map__key_size(BpfMap map);

    public static native int bpf_map__value_size(BpfMap map);

    public static native int bpf_map__max_entries(BpfMap map);

    public static native @Nullable Btf btf__new(Pointer data, int size);

    public static native void btf__free(Btf btf);

    public static native int btf__type_cnt(Btf btf);

    public static native @Nullable Pointer btf__raw_data(Btf btf, IntByReference size);

    /** Returns a {@code struct btf_type}. */
    public static native @Nullable Pointer btf__type_by_id(@Nullable Btf btf, int id);

    public static native @Nullable String btf__name_by_offset(@Nullable Btf btf, int offset);

    /** {@code print} is a {@code void (*)(void *context, const char *format, va_list)}. */
    public static native @Nullable BtfDump btf_dump__new(
            Btf btf, Pointer print, Pointer context, @Nullable Pointer options);

    public static native int btf_dump__dump_type(BtfDump dump, int id);

    public static native int btf_dump__emit_type_decl(BtfDump dump, int id, Pointer options);

    public static native void btf_dump__free(BtfDump dump);

    public static native int bpf_map__btf_key_type_id(BpfMap map);

    public static native int bpf_map__btf_value_type_id(BpfMap map);

    public static native int bpf_map__map_flags(BpfMap map);

    public static native int bpf_map__fd(BpfMap map);

    public static native int bpf_map__set_max_entries(BpfMap map, int entries);

    /** {@code size} is a {@code size_t *}. */
    public static native @Nullable Pointer bpf_map__initial_value(BpfMap map, Pointer size);

    public static native int bpf_map__set_initial_value(BpfMap map, Pointer data, SizeT size);

    public static native int bpf_program__set_autoload(BpfProgram program, boolean autoload);

    public static native int bpf_program__set_log_buf(BpfProgram program, Pointer buffer, SizeT size);

    public static native int bpf_program__fd(BpfProgram program);

    public static native int bpf_object__load(BpfObject object);

    public static native @Nullable BpfLink bpf_program__attach(BpfProgram program);

    public static native int bpf_link__destroy(BpfLink link);

    public static native int libbpf_num_possible_cpus();

    // bpf/bpf.h: these return a negative errno if they fail

    public static native int bpf_prog_load(
            int type, String name, String license, Pointer instructions, SizeT count, @Nullable Pointer options);

    public static native int bpf_prog_test_run_opts(int program, Pointer options);

    /** {@code length} is a {@code __u32 *}. */
    public static native int bpf_obj_get_info_by_fd(int fd, Pointer info, Pointer length);

    public static native int bpf_map_lookup_elem_flags(int map, @Nullable Pointer key, Pointer value, long flags);

    public static native int bpf_map_update_elem(int map, @Nullable Pointer key, Pointer value, long flags);

    public static native int bpf_map_delete_elem(int map, Pointer key);

    public static native int bpf_map_get_next_key(int map, @Nullable Pointer key, Pointer next);

    /** {@code count} is a {@code __u32 *}. */
    public static native int bpf_map_lookup_batch(
            int map,
            @Nullable Pointer from,
            Pointer next,
            Pointer keys,
            Pointer values,
            Pointer count,
            Pointer options);

    public static native int bpf_map_update_batch(
            int map, Pointer keys, Pointer values, Pointer count, Pointer options);

    /** {@code ring_buffer_sample_fn}; a negative result stops the poll after this record. */
    public interface SampleFunction extends Callback {
        int invoke(@Nullable Pointer context, Pointer data, SizeT size);
    }

    public static native @Nullable RingBuffer ring_buffer__new(
            int map, SampleFunction function, @Nullable Pointer context, @Nullable Pointer options);

    public static native int ring_buffer__poll(RingBuffer ring, int timeoutMs);

    public static native void ring_buffer__free(RingBuffer ring);
}
