// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.Target;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Tries programs in processes that end: nothing of them stays in the machine. */
public interface BpfTrials extends Target.Capability {
    /**
     * Loads a program, runs it once if that is asked for, and tells all that came of it.
     *
     * @param dying completes once there is reason to think that the machine dies of it: from then on it is not waited for long
     * @throws MachineException.Late if it did not answer
     */
    Result attempt(Trial trial, CompletableFuture<?> dying) throws IOException;

    /**
     * Asks the verifier about calls, each in a program of fentry that has that call and an exit.
     *
     * @param function the BTF id of the kernel function that the programs are for; they are not attached
     * @param calls as struct bpf_insn
     * @return the beginning of what it said of each; empty of one that it loaded
     */
    List<String> ask(int function, List<Long> calls) throws IOException;

    /**
     * What to try.
     *
     * @param beside programs that are loaded with it
     * @param flags of its load
     * @param knownFlags of its load, where this kernel knows them
     * @param unprivileged whether it is loaded without CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF
     * @param capabilities given back to an unprivileged one, as bits
     * @param linearSize the data of a packet that is not paged; 0: all of it
     * @param xlated whether its instructions are wanted, as the verifier has rewritten them
     * @param machineCode whether it is wanted what it was compiled to
     * @param btf an ELF file with the BTF that CO-RE looks at in the place of the kernel's
     * @param awaitsStdout whether something is to be in its stdout: what the program started may write it
     * @param limit the guest's time after which it is killed
     */
    record Trial(
            String name,
            ByteBuffer object,
            String program,
            List<String> beside,
            int logLevel,
            int flags,
            int knownFlags,
            boolean unprivileged,
            long capabilities,
            boolean run,
            int linearSize,
            boolean xlated,
            boolean machineCode,
            Optional<ByteBuffer> btf,
            boolean awaitsStdout,
            boolean awaitsStderr,
            Duration limit) {
        public Trial {
            object = object.asReadOnlyBuffer();
            btf = btf.map(ByteBuffer::asReadOnlyBuffer);
            beside = List.copyOf(beside);
        }
    }

    /** What came of it. */
    sealed interface Result {
        /** It did not end in time. */
        record TimedOut() implements Result {}

        /** The process died, with this status of waitpid(2). */
        record Died(int status) implements Result {}

        /** This kernel keeps unprivileged users from bpf(2) for good. */
        record NeedsPrivilege() implements Result {}

        /**
         * It was not loaded.
         *
         * @param what was refused, in words
         * @param log the verifier's
         * @param libbpf what libbpf printed
         * @param lacks what a probe of the kernel did not find
         */
        record Refused(int errno, String what, String log, String libbpf, List<String> lacks) implements Result {
            public Refused {
                lacks = List.copyOf(lacks);
            }
        }

        /**
         * It was loaded.
         *
         * @param log the verifier's
         * @param xlated its instructions, if they were wanted and the kernel gives them
         * @param machineCode what it was compiled to, if that was wanted and the kernel gives it
         * @param run if it was to be run
         * @param jited whether the kernel compiles programs
         */
        record Loaded(
                String log, ByteBuffer xlated, Optional<MachineCode> machineCode, Optional<Ran> run, boolean jited)
                implements Result {}
    }

    /**
     * What a program was compiled to.
     *
     * @param bytes its functions, one after the other
     * @param lengths of each
     */
    record MachineCode(ByteBuffer bytes, List<Integer> lengths) {
        public MachineCode {
            bytes = bytes.asReadOnlyBuffer();
            lengths = List.copyOf(lengths);
        }
    }

    /**
     * A run of a program.
     *
     * @param errno of bpf(2); 0 if it ran
     * @param what failed, in words, if something did
     * @param stdout what it left in its streams
     */
    record Ran(int errno, String what, int retval, String stdout, String stderr) {}
}
