// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import io.ksplat.bpf.LibbpfException;
import io.ksplat.bpf.internal.jna.Libbpf;
import io.ksplat.bpf.internal.jna.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;

/**
 * Prints BTF as C with libbpf's btf_dump. Its print callback has the signature of vfprintf(3), so libbpf gets that function and an open
 * file: a callback into Java for each of a million fragments would take seconds.
 */
final class VmlinuxHeader {
    private static final String BEFORE = """
            #ifndef __VMLINUX_H__
            #define __VMLINUX_H__

            #ifndef BPF_NO_PRESERVE_ACCESS_INDEX
            #pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
            #endif

            """;
    private static final String AFTER = """
            #ifndef BPF_NO_PRESERVE_ACCESS_INDEX
            #pragma clang attribute pop
            #endif

            #endif /* __VMLINUX_H__ */
            """;

    private static final String BEFORE_KFUNCS = """

            /* BPF kfuncs */
            #ifndef BPF_NO_KFUNC_PROTOTYPES
            #ifndef __ksym
            #define __ksym __attribute__((section(".ksyms")))
            #endif
            #ifndef __weak
            #define __weak __attribute__((weak))
            #endif
            #ifndef __bpf_fastcall
            #if __has_attribute(bpf_fastcall)
            #define __bpf_fastcall __attribute__((bpf_fastcall))
            #else
            #define __bpf_fastcall
            #endif
            #endif

            """;
    private static final String AFTER_KFUNCS = """
            #endif /* BPF_NO_KFUNC_PROTOTYPES */

            """;

    /** The struct btf_dump_emit_type_decl_opts of libbpf's btf.h. */
    private static final int DECLARATION_OPTIONS = 24;

    private VmlinuxHeader() {}

    /**
     * A kfunc to declare.
     *
     * @param prototype the id of its type
     */
    record Kfunc(String name, int prototype, boolean fastcall) {}

    static void write(byte[] rawBtf, List<Kfunc> kfuncs, Set<String> attributes, Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Path partial = Files.createTempFile(directory, file.getFileName() + ".", ".partial");
        try {
            dump(rawBtf, kfuncs, partial);
            if (!kfuncs.isEmpty()) {
                Files.writeString(partial, asNewLibbpfPrints(Files.readString(partial), attributes));
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /**
     * An old libbpf prints a prototype without parameters as one whose parameters are not known, and any attribute as a type tag: the
     * compiler then makes functions that are not the kernel's of them, and a weak one is silently not found.
     */
    private static String asNewLibbpfPrints(String header, Set<String> attributes) {
        String text = header.replace("() __weak __ksym;", "(void) __weak __ksym;");
        for (String attribute : attributes) {
            text = text.replace("btf_type_tag(\"" + attribute + "\")", attribute);
        }
        return text;
    }

    private static void dump(byte[] rawBtf, List<Kfunc> kfuncs, Path file) throws IOException {
        try (NativeCall call = NativeCall.open();
                Memory bytes = new Memory(rawBtf.length)) {
            bytes.write(0, rawBtf, 0, rawBtf.length);
            Libbpf.Btf btf = Libbpf.btf__new(bytes, rawBtf.length);
            if (btf == null) {
                throw call.failed("libbpf cannot read the kernel's BTF");
            }
            try {
                print(call, btf, kfuncs, file);
            } finally {
                Libbpf.btf__free(btf);
            }
        }
    }

    private static void print(NativeCall call, Libbpf.Btf btf, List<Kfunc> kfuncs, Path file) throws IOException {
        Libc.File out = Libc.fopen(file.toString(), "w");
        if (out == null) {
            throw new IOException("cannot open " + file + ": " + Libc.strerror(Native.getLastError()));
        }
        boolean written;
        try {
            Libc.fputs(BEFORE, out);
            printTypes(call, btf, kfuncs, out);
            Libc.fputs(AFTER, out);
        } finally {
            boolean failed = Libc.ferror(out) != 0;
            written = Libc.fclose(out) == 0 && !failed;
        }
        if (!written) {
            throw new IOException("cannot write " + file + ": is the disk full?");
        }
    }

    private static void printTypes(NativeCall call, Libbpf.Btf btf, List<Kfunc> kfuncs, Libc.File out)
            throws LibbpfException {
        Libbpf.BtfDump dump = Libbpf.btf_dump__new(btf, Libc.vfprintf(), out.getPointer(), null);
        if (dump == null) {
            throw call.failed("libbpf cannot print the kernel's BTF");
        }
        try {
            int count = Libbpf.btf__type_cnt(btf);
            for (int id = 1; id < count; id++) {
                int error = Libbpf.btf_dump__dump_type(dump, id);
                if (error < 0) {
                    throw call.failed("libbpf cannot print type " + id + " of the kernel's BTF", -error);
                }
            }
            if (!kfuncs.isEmpty()) {
                Libc.fputs(BEFORE_KFUNCS, out);
                for (Kfunc kfunc : kfuncs) {
                    declare(call, dump, kfunc, out);
                }
                Libc.fputs(AFTER_KFUNCS, out);
            }
        } finally {
            Libbpf.btf_dump__free(dump);
        }
    }

    private static void declare(NativeCall call, Libbpf.BtfDump dump, Kfunc kfunc, Libc.File out)
            throws LibbpfException {
        try (Memory options = new Memory(DECLARATION_OPTIONS);
                Memory name = OpenedObject.cString(kfunc.name())) {
            options.clear();
            options.setLong(0, DECLARATION_OPTIONS);
            options.setPointer(8, name);
            Libc.fputs(kfunc.fastcall() ? "extern __bpf_fastcall " : "extern ", out);
            int error = Libbpf.btf_dump__emit_type_decl(dump, kfunc.prototype(), options);
            if (error < 0) {
                throw call.failed("libbpf cannot declare the kfunc " + kfunc.name(), -error);
            }
            Libc.fputs(" __weak __ksym;\n", out);
        }
    }
}
