// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Whether what a guest's kernel checks itself with still does so, read from outside. A checker goes blind with its first report, so
 * that its silence proves something only while it is on.
 */
public final class SelfCheck {
    /** Where the kernel's text lies: {@code insert_resource(&iomem_resource, &code_resource)}, arch/x86/kernel/setup.c. */
    private static final Pattern KERNEL_CODE =
            Pattern.compile("^\\s*([0-9a-f]+)-[0-9a-f]+ : Kernel code$", Pattern.MULTILINE);

    private static final int KASAN_REPORTED = 1;
    private static final int KASAN_MULTI_SHOT = 1 << 1;

    /** include/linux/panic.h: a bad page, an oops, a warning, a soft lockup. Modules and tests set other bits. */
    private static final int REPORTED = 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14;

    private enum Kind {
        /** lib/debug_locks.c: cleared by each report of lockdep's, and by much else that is reported. */
        LOCKDEP("lockdep", "debug_locks"),
        /** mm/kasan/report.c: the first report is the only one, unless kasan_multi_shot was given. */
        KASAN("kasan", "kasan_flags"),
        /** kernel/panic.c: set by each warning, oops and soft lockup, also by one that a console has lost. */
        UNTAINTED("untainted", "tainted_mask"),
        /** kernel/printk: messages that came faster than a console prints are dropped, a report among them perhaps. */
        CONSOLE("console", "dropped");

        private final String id;
        private final String variable;

        Kind(String id, String variable) {
            this.id = id;
            this.variable = variable;
        }

        boolean isIn(Guest guest, Symbols symbols) {
            return switch (this) {
                case LOCKDEP -> guest.hello().hasDebugLocks();
                case KASAN -> symbols.address("kasan_report").isPresent();
                case UNTAINTED -> symbols.address(variable).isPresent();
                // A machine in QEMU has a console that is fast, and its log can be read from its memory.
                case CONSOLE -> false;
            };
        }

        boolean isOn(int value, int before) {
            return switch (this) {
                case LOCKDEP -> value != 0;
                case KASAN -> (value & KASAN_REPORTED) == 0 || (value & KASAN_MULTI_SHOT) != 0;
                case UNTAINTED -> (value & ~before & REPORTED) == 0;
                case CONSOLE -> value == 0;
            };
        }
    }

    private final Kind kind;
    private final Value value;
    private final long address;
    private final int before;

    /** Reads the variable. */
    @FunctionalInterface
    private interface Value {
        int read() throws IOException;
    }

    private SelfCheck(Kind kind, Value value, long address, int before) {
        this.kind = kind;
        this.value = value;
        this.address = address;
        this.before = before;
    }

    /** One whose value nobody reads from memory. */
    private SelfCheck(Kind kind, Value value) {
        this(kind, value, 0, 0);
    }

    private static Value at(VirtualMachine vm, long address) {
        return () -> ByteBuffer.wrap(vm.readPhysical(address, Integer.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
    }

    /**
     * Finds the checks of a machine whose memory nobody reads: the kernel itself tells whether lockdep is on. Whether KASAN is it does not
     * tell: its control fails.
     *
     * @param lockdep what the kernel has told last, without a wait; empty if it has no lockdep
     * @param untainted whether nothing has tainted the kernel since the run began, as it has told last
     * @param wholeConsole whether its console has dropped nothing since the run began
     */
    public static List<SelfCheck> told(
            Optional<BooleanSupplier> lockdep,
            BooleanSupplier untainted,
            BooleanSupplier wholeConsole,
            Symbols symbols) {
        List<SelfCheck> found = new ArrayList<>();
        found.add(new SelfCheck(Kind.UNTAINTED, () -> untainted.getAsBoolean() ? 0 : REPORTED));
        found.add(new SelfCheck(Kind.CONSOLE, () -> wholeConsole.getAsBoolean() ? 0 : 1));
        lockdep.ifPresent(on -> found.add(new SelfCheck(Kind.LOCKDEP, () -> on.getAsBoolean() ? 1 : 0)));
        if (symbols.address("kasan_report").isPresent()) {
            found.add(new SelfCheck(Kind.KASAN, () -> KASAN_REPORTED));
        }
        return List.copyOf(found);
    }

    /**
     * Finds out where to look, while the agent still answers; empty if the kernel was built with none.
     *
     * @throws MachineException if a kernel that has one does not tell: its silence could not be trusted
     */
    public static List<SelfCheck> of(Guest guest, Symbols symbols) throws IOException {
        List<Kind> kinds = Stream.of(Kind.values())
                .filter(kind -> kind.isIn(guest, symbols))
                .toList();
        if (kinds.isEmpty()) {
            return List.of();
        }
        long moved = kernelCode(guest)
                - symbols.address("_text").orElseThrow(() -> new MachineException("this kernel's symbols lack _text"));
        List<SelfCheck> found = new ArrayList<>();
        for (Kind kind : kinds) {
            long address = moved
                    + symbols.address(kind.variable)
                            .orElseThrow(() -> new MachineException("this kernel has " + kind.id + ", but no symbol "
                                    + kind.variable + ": whether " + kind.id
                                    + " is on cannot be seen; build it with CONFIG_KALLSYMS_ALL"));
            Value value = at(guest.vm(), address);
            found.add(new SelfCheck(kind, value, address, value.read()));
        }
        return List.copyOf(found);
    }

    /** Returns the physical address of the kernel's text. */
    private static long kernelCode(Guest guest) throws IOException {
        String iomem = new String(guest.agent().readFile("/proc/iomem"), StandardCharsets.US_ASCII);
        Matcher code = KERNEL_CODE.matcher(iomem);
        if (!code.find()) {
            throw new MachineException("this kernel's /proc/iomem does not say where the kernel lies");
        }
        return Long.parseLong(code.group(1), 16);
    }

    /** The same kernel's in a guest that was restored from that one. */
    public SelfCheck in(VirtualMachine restored) {
        return new SelfCheck(kind, at(restored, address), address, before);
    }

    /** As the control is called that says whether it is on: {@code lockdep}, {@code kasan}. */
    public String id() {
        return kind.id;
    }

    public boolean isLockdep() {
        return kind == Kind.LOCKDEP;
    }

    public boolean isOn() throws IOException {
        return kind.isOn(value.read(), before);
    }

    /** Returns whether it finds reports that reached no console, which the memory of the machine still has. */
    public boolean findsUnprinted() {
        return kind == Kind.UNTAINTED && address != 0;
    }
}
