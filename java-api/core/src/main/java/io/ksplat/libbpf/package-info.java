// SPDX-License-Identifier: Apache-2.0
/**
 * libbpf through JNA: BPF objects, BTF, Java values to and from their bytes, vmlinux.h, and the compiler that makes the objects. Knows
 * no other room.
 *
 * <p>What opens and inspects hands out plain immutable data, safe to share between threads: every native handle is freed before the
 * call that made it returns. What runs in this kernel ({@code Running...}) has to be closed, and refuses to be used afterwards.
 *
 * <p>API: {@link BpfCompileException}, {@link BpfCompiler}, {@link BpfException}, {@link BpfMapInfo}, {@link BpfObjectFile},
 * {@link BpfProgramInfo}, {@link BtfCodec}, {@link BtfMismatchException}, {@link BtfType}, {@link GlobalVariable},
 * {@link KernelSymbol}, {@link LibbpfException}, {@link RunResult}, {@link SourceLine}, {@link VerifierException}.
 *
 * <p>What else is public is so for ksplat's other rooms and modules, and no API.
 */
@NullMarked
package io.ksplat.libbpf;

import org.jspecify.annotations.NullMarked;
