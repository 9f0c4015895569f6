// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import io.ksplat.kernel.Symbols;
import io.ksplat.vm.MachineException;
import io.ksplat.vm.VirtualMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether a guest's kernel still proves its locking: {@code debug_locks} (lib/debug_locks.c), read from outside. Lockdep goes blind with
 * its first report, and with much else that is reported, so that its silence proves something only while it is on.
 */
public final class Lockdep {
    /** Where the kernel's text lies: {@code insert_resource(&iomem_resource, &code_resource)}, arch/x86/kernel/setup.c. */
    private static final Pattern KERNEL_CODE =
            Pattern.compile("^\\s*([0-9a-f]+)-[0-9a-f]+ : Kernel code$", Pattern.MULTILINE);

    private final VirtualMachine vm;
    private final long address;

    private Lockdep(VirtualMachine vm, long address) {
        this.vm = vm;
        this.address = address;
    }

    /**
     * Finds out where to look, while the agent still answers; empty where the kernel was built without lockdep.
     *
     * @throws MachineException where a kernel with lockdep does not tell: its silence could not be trusted
     */
    public static Optional<Lockdep> of(Guest guest, Symbols symbols) throws IOException {
        if (!guest.hello().hasDebugLocks()) {
            return Optional.empty();
        }
        String iomem = new String(guest.agent().readFile("/proc/iomem"), StandardCharsets.US_ASCII);
        Matcher code = KERNEL_CODE.matcher(iomem);
        if (!code.find()) {
            throw new MachineException(
                    "this kernel has lockdep, but its /proc/iomem does not say where the kernel lies");
        }
        long variable = symbols.address("debug_locks")
                .orElseThrow(() -> new MachineException("this kernel has lockdep, but no symbol debug_locks:"
                        + " whether lockdep is on cannot be seen; build it with CONFIG_KALLSYMS_ALL"));
        long text =
                symbols.address("_text").orElseThrow(() -> new MachineException("this kernel's symbols lack _text"));
        return Optional.of(new Lockdep(guest.vm(), Long.parseLong(code.group(1), 16) + variable - text));
    }

    /** The same kernel's in a guest that was restored from that one. */
    public Lockdep in(Guest restored) {
        return new Lockdep(restored.vm(), address);
    }

    public boolean isOn() throws IOException {
        return ByteBuffer.wrap(vm.readPhysical(address, Integer.BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getInt()
                != 0;
    }
}
