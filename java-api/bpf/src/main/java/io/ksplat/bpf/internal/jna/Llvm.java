// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.jna;

import com.sun.jna.Callback;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.PointerType;
import org.jspecify.annotations.Nullable;

/** The disassembler of LLVM under its C names, see {@code llvm-c/Disassembler.h} and {@code llvm-c/Target.h}. Call {@link #bind} first. */
@SuppressWarnings("MemberName") // the names are C's
public final class Llvm {
    /** {@code LLVMDisassembler_ReferenceType_InOut_None}. */
    public static final long NO_REFERENCE = 0;

    /** {@code LLVMDisassembler_ReferenceType_In_Branch}. */
    public static final long BRANCH = 1;

    /** {@code LLVMDisassembler_Option_PrintImmHex}. */
    public static final long PRINT_IMMEDIATE_HEX = 2;

    private Llvm() {}

    /** Binds all functions below to a library. Throws UnsatisfiedLinkError, with the message of the loader, if it cannot. */
    public static void bind(String library) {
        Native.register(Llvm.class, NativeLibrary.getInstance(library));
    }

    /** {@code LLVMDisasmContextRef}. */
    public static final class Disassembler extends PointerType {}

    /** {@code LLVMSymbolLookupCallback}; {@code type} is a {@code uint64_t *}, {@code name} a {@code const char **}. */
    public interface SymbolLookup extends Callback {
        @Nullable
        Pointer invoke(@Nullable Pointer context, long value, Pointer type, long at, Pointer name);
    }

    public static native void LLVMInitializeX86TargetInfo();

    public static native void LLVMInitializeX86TargetMC();

    public static native void LLVMInitializeX86Disassembler();

    public static native @Nullable Disassembler LLVMCreateDisasm(
            String triple, @Nullable Pointer context, int tag, @Nullable Pointer operands, SymbolLookup lookup);

    /** Returns 1 if it knows them. */
    public static native int LLVMSetDisasmOptions(Disassembler disassembler, long options);

    /** Returns the length of the instruction; 0 if it is none. */
    public static native SizeT LLVMDisasmInstruction(
            Disassembler disassembler, Pointer bytes, long size, long at, Pointer text, SizeT textSize);

    public static native void LLVMDisasmDispose(Disassembler disassembler);
}
