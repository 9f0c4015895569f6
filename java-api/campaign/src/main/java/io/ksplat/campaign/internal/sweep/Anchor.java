// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What is known of a machine that was frozen while a reproducer was armed, beside the frozen machine itself.
 *
 * @param reproducer its id
 * @param kernel the kernel's spec
 * @param key the kernel's key
 * @param qemu the version of the QEMU that froze it
 * @param symbol where it stands: the first instruction of that function
 * @param cpu the CPU that stands there
 * @param counters what the reproducer counts
 * @param programs the JITed programs
 */
public record Anchor(
        String reproducer,
        String kernel,
        String key,
        String qemu,
        String symbol,
        int cpu,
        int cpus,
        int memoryMiB,
        List<Counter> counters,
        List<Program> programs) {
    /** The kind of such folders in the cache. */
    public static final String KIND = "anchor";

    private static final String FILE = "anchor.json";

    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    /**
     * A number that the guest counts up, by the physical address at which it lies.
     *
     * @param required what it must reach, after an NMI, for the experiment to have worked
     */
    public record Counter(String name, long required, long address, int bytes) {}

    /** A JITed program. */
    public record Program(String name, long address, long size) {
        public Symbol symbol() {
            return Symbol.bpf(name, address, size);
        }
    }

    public Anchor {
        counters = List.copyOf(counters);
        programs = List.copyOf(programs);
    }

    /**
     * Checks that it is this host's to restore.
     *
     * @throws MachineException where another QEMU froze it, whose state no other takes in for sure
     */
    public void checkQemu(String version) throws MachineException {
        if (!version.equals(qemu)) {
            throw new MachineException(
                    "the anchor was frozen by " + qemu + ", and this is " + version + ": sweep without --anchor");
        }
    }

    public void write(Path folder) throws IOException {
        Files.write(folder.resolve(FILE), JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
    }

    /** Whether a folder has one. */
    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IOException where the file is unreadable or says something else
     */
    public static Anchor read(Path folder) throws IOException {
        return JSON.readValue(folder.resolve(FILE).toFile(), Anchor.class);
    }
}
