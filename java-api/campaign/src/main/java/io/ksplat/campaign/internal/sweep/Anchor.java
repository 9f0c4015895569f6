// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.LittleEndian;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Describes a machine that was frozen while a reproducer was armed. It is kept next to the frozen machine.
 *
 * @param reproducer its id
 * @param kernel the kernel's spec
 * @param key the kernel's key
 * @param qemu the version of the QEMU that froze the machine
 * @param symbol the function at whose first instruction the CPU stopped
 * @param cpu the CPU that stopped there
 * @param counters the counters of the reproducer
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
    /** The kind of these folders in the cache. */
    public static final String KIND = "anchor";

    private static final String FILE = "anchor.json";

    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    /**
     * A counter of the guest, by its physical address.
     *
     * @param required the least value after an NMI for the experiment to have worked
     */
    public record Counter(String name, long required, long address, int bytes) {
        /** Returns its value in a machine. */
        public long in(VirtualMachine machine) throws IOException {
            return LittleEndian.int64(Arrays.copyOf(machine.readPhysical(address, bytes), Long.BYTES));
        }
    }

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
     * Checks that this host's QEMU can restore the machine.
     *
     * @throws MachineException if another version of QEMU froze it, because QEMU guarantees no compatibility between
     *     them
     */
    public void checkQemu(String version) throws MachineException {
        if (!version.equals(qemu)) {
            throw new MachineException(
                    "the anchor was frozen by " + qemu + ", and this is " + version + ": sweep without --anchor");
        }
    }

    /** Returns the counters' values in a machine, by their names. */
    public Map<String, Long> read(VirtualMachine machine) throws IOException {
        Map<String, Long> values = new LinkedHashMap<>();
        for (Counter counter : counters) {
            values.put(counter.name(), counter.in(machine));
        }
        return values;
    }

    public void write(Path folder) throws IOException {
        Files.write(folder.resolve(FILE), JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
    }

    /** Returns whether a folder has an anchor. */
    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IOException if the file cannot be read or is not an anchor
     */
    public static Anchor read(Path folder) throws IOException {
        return JSON.readValue(folder.resolve(FILE).toFile(), Anchor.class);
    }
}
