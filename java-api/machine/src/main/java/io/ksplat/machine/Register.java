// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

/** The x86-64 registers that forensics reads; the first sixteen in the order of gdb's {@code g} packet. */
public enum Register {
    RAX,
    RBX,
    RCX,
    RDX,
    RSI,
    RDI,
    RBP,
    RSP,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    RIP,
    RFLAGS,
    CS,
    GS_BASE,
    CR3
}
