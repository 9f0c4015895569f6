// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.Progress;
import io.ksplat.results.ProgramRecord;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * What is run: one reproducer, or one case of it. Its code prepares a machine and leads the kernel to the edge; the verdict is reached
 * afterwards, from outside.
 *
 * <pre>{@code
 * class Unlinks implements Scenario {
 *     public String id() {
 *         return "unlinks";
 *     }
 *
 *     public KernelNeeds needs() {
 *         return KernelNeeds.NONE;
 *     }
 *
 *     public Expectation expectedOn(String version) {
 *         return Expectation.of(CLEAN);
 *     }
 *
 *     public void run(Machine machine) throws IOException {
 *         machine.churn(0);
 *     }
 * }
 * }</pre>
 */
public interface Scenario {
    /** Returns the id; a case stands after a slash. */
    String id();

    /** Returns what it needs of a kernel. */
    KernelNeeds needs();

    /** Returns what it expects of a kernel, by the version of its upstream sources: 6.1.192, where {@code uname -r} prints 6.1.0-56. */
    Expectation expectedOn(String version);

    /** Returns why it is not meant for a kernel, by the same version; empty if it is. */
    default Optional<String> disabledOn(String version) {
        return Optional.empty();
    }

    /**
     * Returns what a kernel lacks that it needs beside {@link #needs}, in one line, by its version and its configuration; empty if nothing
     * is known to lack.
     *
     * @throws IOException if these cannot be read
     */
    default Optional<String> lackingIn(Kernel kernel) throws IOException {
        return Optional.empty();
    }

    /**
     * Returns the title of the report that is its bug, as syzbot writes it: {@code possible deadlock in foo}. A run that ends in another
     * report shows another bug, and is not as expected. Empty: any report is its bug.
     */
    default Optional<String> bug() {
        return Optional.empty();
    }

    /**
     * Returns facts about it for people, which the record of each run has.
     *
     * @throws IOException if what is known of the kernel cannot be read
     */
    default List<String> notesOn(Kernel kernel) throws IOException {
        return List.of();
    }

    /**
     * Returns why this kernel is not for it, if the program that is the experiment says so by how it ended: the verdict is UNSUPPORTED,
     * unless there is evidence. Empty if it is.
     */
    default Optional<String> unfit(ProgramRecord ended) {
        return Optional.empty();
    }

    /** Returns the BPF C file that is loaded before it begins. */
    default Optional<BpfSource> bpf() {
        return Optional.empty();
    }

    /**
     * Returns another BPF C file that lies beside it.
     *
     * @throws IllegalArgumentException if nothing can lie beside it
     */
    default BpfSource beside(String name) {
        return bpf().map(own -> new BpfSource(own.owner(), name))
                .orElseThrow(() -> new IllegalArgumentException(id() + " has no folder with BPF C files"));
    }

    /** Returns the class that its code is in: an exception is told with the line there that it came from. */
    default Class<?> codeClass() {
        return getClass();
    }

    /** Returns the macros that its sources find defined, beside those of {@link KernelNeeds#macros}. */
    default List<String> macros() {
        return List.of();
    }

    /** Returns whether its code asserts: then a failure of it counts, beside what is seen of the machine. */
    default boolean asserts() {
        return false;
    }

    /** Returns what it needs of its machine beside the kernel. */
    default MachineNeeds machine() {
        return MachineNeeds.STANDARD;
    }

    /**
     * Makes what it puts into machines: before any starts, and again for each of them.
     *
     * @throws IOException in one line, if that cannot be made
     */
    default void build(Cache cache, Progress progress) throws IOException, InterruptedException {}

    /** Returns what is equal if the preparation is the same: then one snapshot serves both. */
    default Object snapshotKey() {
        return this;
    }

    /**
     * Brings the machine to where the experiment begins. It runs once for many attempts: keep nothing in Java.
     *
     * @throws Throwable whatever its code throws: the machine is judged all the same
     */
    default void beforeSnapshot(Machine machine) throws Throwable {}

    /**
     * Leads the kernel to the edge, and returns.
     *
     * @throws Throwable whatever its code throws: the machine is judged all the same
     */
    void run(Machine machine) throws Throwable;
}
