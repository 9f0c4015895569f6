// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.regex.Pattern;

/** Normalizes function names. */
final class Names {
    /** Suffixes that compilers append to parts and clones of a function. */
    private static final Pattern CLONE = Pattern.compile(
            "(?:\\.(?:constprop|isra|part|cold|llvm|lto_priv|localalias|warm|hot|unlikely|cfi|cfi_jt)(?:\\.\\d+)*|\\.\\d+|\\.__uniq\\.\\d+)+$");

    /** SYSCALL_DEFINE's wrappers (arch/x86/include/asm/syscall_wrapper.h and others). */
    private static final Pattern WRAPPER = Pattern.compile(
            "^(?:__(?:x64|x32|ia32|ia32_compat|x64_compat|arm64|arm64_compat|riscv|riscv_compat|s390x|s390|powerpc|se|se_compat|do|do_compat|compat)_sys_)");

    private static final Pattern OLD_WRAPPER = Pattern.compile("^(?:compat_)?(?:SyS_|SYSC_|sys_|ksys_)(?=\\w)");

    /** A JITed BPF program's symbol (bpf_get_prog_name, kernel/bpf/core.c): the tag is a hash of its instructions. */
    private static final Pattern PROGRAM = Pattern.compile("^bpf_prog_[0-9a-f]{16}_(?=\\w)");

    private Names() {}

    /** Returns whether a symbol is that of a JITed BPF program. */
    static boolean isProgram(String function) {
        return PROGRAM.matcher(function).find();
    }

    /** Removes the suffixes of compilers and the tags of BPF programs, so that the name is the same in every build. */
    static String plain(String function) {
        // the entry of a function's code on 64-bit powerpc before ELFv2
        String name = function.length() > 1 && function.charAt(0) == '.' ? function.substring(1) : function;
        String whole = name.indexOf('.') < 0 ? name : CLONE.matcher(name).replaceFirst("");
        return whole.startsWith("bpf_prog_") ? PROGRAM.matcher(whole).replaceFirst("") : whole;
    }

    /** Returns the name as a person writes it, the same in every build: without the hashes that Rust appends to crates and functions. */
    static String readable(String function) {
        return MangledNames.demangled(plain(function));
    }

    /** Returns the name for titles: system calls without their wrappers, and one name for each family of waits. */
    static String title(String function) {
        String plain = readable(function);
        String call = WRAPPER.matcher(plain).replaceFirst("sys_");
        String name = call.equals(plain) ? OLD_WRAPPER.matcher(plain).replaceFirst("") : call;
        if (name.startsWith("synchronize_sched")
                || name.startsWith("synchronize_rcu")
                || name.startsWith("__synchronize_srcu")
                || name.startsWith("synchronize_srcu")) {
            return "synchronize_sched_expedited_cpu_stop".equals(name) ? name : "synchronize_rcu";
        }
        return name.startsWith("smp_call_function_single") || name.startsWith("smp_call_function_many")
                ? "smp_call_function"
                : name;
    }
}
