// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.arch.OrcFormat;
import io.ksplat.machine.internal.arch.OrcTable;
import io.ksplat.machine.internal.forensics.StoppedCpu;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** On stacks laid out by hand, word for word. */
class UnwinderTest {
    private static final long TEXT = 0xffffffff81000000L;
    private static final long INNER = TEXT + 0x100;
    private static final long MIDDLE = TEXT + 0x200;
    private static final long OUTER = TEXT + 0x300;
    private static final long ENTRY = TEXT + 0x400;
    private static final long HOLE = TEXT + 0x500;
    private static final long THUNK = TEXT + 0x600;
    private static final long RETURN_HOOK = TEXT + 0x680;
    private static final long MODULE = 0xffffffffc0100000L;
    private static final long TABLE = TEXT + 0x10000;
    private static final long STACK = 0xffffc90000010000L;
    private static final long OTHER_STACK = 0xffffc90000080000L;

    /** Renumbered bases. */
    private static final int AX = 1;

    private static final int DX = 2;
    private static final int SP = 3;
    private static final int BP = 4;
    private static final int DI = 5;
    private static final int R10 = 6;
    private static final int R13 = 7;
    private static final int PREV_SP = 8;
    private static final int SP_INDIRECT = 9;
    private static final int BP_INDIRECT = 10;
    private static final int END = 1;
    private static final int CALL = 2;
    private static final int REGS = 3;
    private static final int REGS_PARTIAL = 4;
    private static final int SIGNAL = 8;

    private static final String KALLSYMS = """
            ffffffff81000000 T _text
            ffffffff81000100 T inner
            ffffffff81000200 T middle
            ffffffff81000300 T outer
            ffffffff81000400 T asm_sysvec_thing
            ffffffff81000500 T hole
            ffffffff81000600 T __x86_indirect_thunk_rax
            ffffffff81000680 T return_to_handler
            ffffffff81000700 T _etext
            ffffffff81010000 R __start_orc_unwind_ip
            ffffffffc0100000 t in_module\t[m]
            """;

    private final Map<Long, byte[]> orc = new TreeMap<>();
    private final Map<Long, Long> words = new HashMap<>();
    private final Map<Register, Long> registers = new EnumMap<>(Register.class);
    private final AtomicInteger reads = new AtomicInteger();

    private static byte[] entry(int spBase, int spOffset, int bpBase, int bpOffset, int flags) {
        return ByteBuffer.allocate(OrcFormat.ENTRY_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) spOffset)
                .putShort((short) bpOffset)
                .put((byte) (spBase | bpBase << 4))
                .put((byte) flags)
                .array();
    }

    private UnwinderTest code(long function, int spBase, int spOffset, int flags) {
        orc.put(function, entry(spBase, spOffset, 0, 0, flags));
        return this;
    }

    private UnwinderTest word(long address, long value) {
        words.put(address, value);
        return this;
    }

    private UnwinderTest register(Register register, long value) {
        registers.put(register, value);
        return this;
    }

    private OrcTable table() {
        // A kernel has plain functions by the hundred thousand: they tell the layout.
        for (int i = 0; i < 40; i++) {
            orc.putIfAbsent(TEXT + i, entry(SP, 8, 0, 0, CALL));
        }
        ByteBuffer ips = ByteBuffer.allocate(4 * orc.size()).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer all = ByteBuffer.allocate(6 * orc.size());
        orc.forEach((address, bytes) -> {
            ips.putInt((int) (address - TABLE) - ips.position());
            all.put(bytes);
        });
        try {
            return OrcTable.of(ips.array(), all.array());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Symbols symbols() {
        try {
            return Symbols.parse(KALLSYMS.getBytes(UTF_8));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private GuestMemory memory() {
        return (address, length) -> {
            reads.incrementAndGet();
            boolean mapped = (address >= STACK && address < STACK + 0x4000)
                    || (address >= OTHER_STACK && address < OTHER_STACK + 0x4000);
            if (!mapped) {
                throw new IOException("not mapped");
            }
            ByteBuffer page = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < length; i += 8) {
                page.putLong(words.getOrDefault(address + i, 0L));
            }
            return page.array();
        };
    }

    private List<String> unwind() {
        Registers cpu = new Registers(1, registers);
        return StoppedCpu.show(new Unwinder(symbols(), table()).unwind(cpu, memory()));
    }

    /** Stops in inner, on a stack from STACK on. */
    private UnwinderTest inInner() {
        return register(Register.RIP, INNER + 0x10)
                .register(Register.RSP, STACK)
                .register(Register.RBP, STACK + 0x100)
                .register(Register.CS, 0x10);
    }

    @Test
    void followsCallsByTheStackPointerToTheEnd() {
        inInner().code(INNER, SP, 16, CALL).code(MIDDLE, SP, 8, CALL).code(OUTER, 0, 0, END);
        word(STACK + 8, MIDDLE + 0x20).word(STACK + 16, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "middle+0x20", "outer+0x30");
    }

    @Test
    void looksReturnAddressesUpByTheCallBeforeThem() {
        // inner was called by middle's last instruction: the return address is outer's first one.
        inInner().code(INNER, SP, 8, CALL).code(MIDDLE, 0, 0, END).code(OUTER, SP, 64, CALL);
        word(STACK, OUTER);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "middle+0x100");
    }

    @Test
    void followsTheFramePointerAndRestoresIt() {
        inInner().code(MIDDLE, BP, 16, CALL).code(OUTER, 0, 0, END);
        orc.put(INNER, entry(SP, 24, PREV_SP, -16, CALL));
        word(STACK + 8, STACK + 0x80).word(STACK + 16, MIDDLE + 0x20).word(STACK + 0x88, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "middle+0x20", "outer+0x30");
    }

    @Test
    void takesTheStackFromAnyRegisterThatAFrameMayKeepItIn() {
        Map<Integer, Register> kept =
                Map.of(AX, Register.RAX, DX, Register.RDX, DI, Register.RDI, R10, Register.R10, R13, Register.R13);
        kept.forEach((base, register) -> {
            UnwinderTest fresh = new UnwinderTest().inInner();
            fresh.code(INNER, base, 0, CALL).code(OUTER, 0, 0, END);
            fresh.register(register, STACK + 0x48).word(STACK + 0x40, OUTER + 0x30);
            assertThat(fresh.unwind()).as(register.name()).containsExactly("<task>", "inner+0x10", "outer+0x30");
        });
    }

    @Test
    void takesARegisterOfAnInterruptedFrameFromWhereItWasSaved() {
        inInner().code(INNER, SP, 8, CALL).code(ENTRY, SP, 0, REGS | SIGNAL);
        code(MIDDLE, R10, 0, CALL).code(OUTER, 0, 0, END);
        word(STACK, ENTRY + 0x10);
        long regs = STACK + 8;
        word(regs + 7 * 8, OTHER_STACK + 0x88); // r10
        word(regs + 16 * 8, MIDDLE).word(regs + 17 * 8, 0x10).word(regs + 19 * 8, OTHER_STACK);
        word(OTHER_STACK + 0x80, OUTER + 0x30);
        assertThat(unwind())
                .containsExactly("<irq>", "inner+0x10", "asm_sysvec_thing+0x10", "<task>", "middle+0x0", "outer+0x30");
    }

    @Test
    void followsAnInterruptFrameWithoutSavedRegisters() {
        inInner().code(INNER, SP, 0, REGS_PARTIAL | SIGNAL).code(OUTER, 0, 0, END);
        word(STACK, OUTER).word(STACK + 8, 0x10).word(STACK + 24, STACK + 0x200);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "outer+0x0");
    }

    @Test
    void endsWhereUserCodeWasInterrupted() {
        inInner().code(INNER, SP, 0, REGS | SIGNAL);
        word(STACK + 16 * 8, 0x401000).word(STACK + 17 * 8, 0x33).word(STACK + 19 * 8, 0x7ffd0000L);
        word(STACK + 21 * 8, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10");
    }

    @Test
    void followsCallsFromTheInterruptStackBackToTheTasks() {
        inInner().code(INNER, SP, 8, CALL).code(MIDDLE, SP_INDIRECT, 8, CALL).code(OUTER, 0, 0, END);
        register(Register.RSP, OTHER_STACK);
        word(OTHER_STACK, MIDDLE + 0x20).word(OTHER_STACK + 8, STACK).word(STACK, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<softirq>", "inner+0x10", "middle+0x20", "<task>", "outer+0x30");
    }

    @Test
    void findsAStackPointerThatWasStoredByTheFramePointer() {
        inInner().code(INNER, BP_INDIRECT, -8, CALL).code(OUTER, 0, 0, END);
        word(STACK + 0xf8, STACK + 0x208).word(STACK + 0x200, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "outer+0x30");
    }

    @Test
    void goesOnFromACallThroughABadPointer() {
        inInner().register(Register.RIP, 0).code(OUTER, 0, 0, END).word(STACK, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "0x0", "outer+0x30");
    }

    @Test
    void seesThroughThunks() {
        inInner().register(Register.RIP, THUNK + 8).code(THUNK, 0, 0, 0).code(OUTER, 0, 0, END);
        word(STACK, THUNK + 12).word(STACK + 8, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "__x86_indirect_thunk_rax+0x8", "outer+0x30");
    }

    /** Before the hook lies the code of another function, which describes another frame. */
    @Test
    void isNotCertainOfWhatCallsAFunctionThatHasAReturnProbe() {
        inInner().code(INNER, SP, 16, CALL).code(THUNK, SP, 64, CALL).code(OUTER, 0, 0, END);
        word(STACK + 8, RETURN_HOOK).word(STACK + 24, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "? outer+0x30");
    }

    @Test
    void guessesByTheFramePointerInAModuleAndIsNotCertain() {
        inInner().register(Register.RIP, MODULE + 0x10).code(OUTER, 0, 0, END);
        word(STACK + 0x108, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "in_module+0x10", "? outer+0x30");
    }

    @Test
    void scansForReturnAddressesWhereTheTableGivesOut() {
        inInner().code(INNER, SP, 8, CALL).code(HOLE, 0, 0, 0);
        word(STACK, HOLE + 8).word(STACK + 0x40, 0x1234).word(STACK + 0x48, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "hole+0x8", "? outer+0x30");
    }

    @Test
    void doesNotTakeWhatIsNoCodeForACaller() {
        inInner().code(INNER, SP, 8, CALL).word(STACK, 0x1234).word(STACK + 8, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "? outer+0x30");
    }

    @Test
    void endsAScanBeforeItGetsLong() {
        inInner().register(Register.RIP, HOLE + 8).code(HOLE, 0, 0, 0);
        for (int i = 0; i < 500; i++) {
            word(STACK + 8L * i, OUTER + 0x30);
        }
        assertThat(unwind()).hasSize(2 + 64);
    }

    @Test
    void endsADeepStackBeforeItGetsEndless() {
        inInner().code(INNER, SP, 8, CALL);
        for (int i = 0; i < 2000; i++) {
            word(STACK + 8L * i, INNER + 0x20);
        }
        assertThat(unwind()).hasSize(1 + 256);
    }

    @Test
    void readsNoMorePagesThanAllStacksOfOneCpuCanHave() {
        AtomicInteger pages = new AtomicInteger();
        CachedMemory endless = new CachedMemory((address, length) -> {
            pages.incrementAndGet();
            return new byte[length];
        });
        for (int i = 0; i < 1000; i++) {
            assertThat(endless.word(STACK + (long) i * CachedMemory.PAGE).isPresent())
                    .isEqualTo(i < 64);
        }
        assertThat(pages).hasValue(64);
    }

    @Test
    void readsAWordAcrossTwoPages() {
        CachedMemory memory = new CachedMemory((address, length) -> {
            byte[] bytes = new byte[length];
            bytes[0] = 2;
            bytes[length - 1] = 1;
            return bytes;
        });
        assertThat(memory.word(STACK + CachedMemory.PAGE - 1)).hasValue(0x0201);
    }

    @Test
    void findsItsWayAgainAtSavedRegistersWhileScanning() {
        inInner().register(Register.RIP, HOLE + 8).code(HOLE, 0, 0, 0);
        code(MIDDLE, SP, 8, CALL).code(OUTER, 0, 0, END);
        word(STACK + 0x10, ENTRY + 4);
        long frame = STACK + 0x18 + 16 * 8;
        word(frame, MIDDLE).word(frame + 8, 0x10).word(frame + 16, 0x246);
        word(frame + 24, OTHER_STACK).word(frame + 32, 0x18);
        word(OTHER_STACK, OUTER + 0x30);
        assertThat(unwind())
                .containsExactly(
                        "<irq>", "hole+0x8", "? asm_sysvec_thing+0x4", "<task>", "? middle+0x0", "? outer+0x30");
    }

    @Test
    void endsWhereTheStackCannotBeRead() {
        inInner().register(Register.RSP, STACK + 0x3ff0).code(INNER, SP, 64, CALL);
        word(STACK + 0x3ff8, OUTER + 0x30);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10", "? outer+0x30");
        register(Register.RSP, 8).register(Register.RBP, -8);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10");
    }

    @Test
    void doesNotFollowAStackThatGoesBackwards() {
        inInner().register(Register.RSP, STACK + 0x800).code(INNER, SP, -16, CALL);
        word(STACK + 0x7e8, INNER + 0x20);
        assertThat(unwind()).containsExactly("<task>", "inner+0x10");
    }

    @Test
    void endsAStackThatGoesInCircles() {
        inInner().code(INNER, SP, 0, REGS | SIGNAL);
        word(STACK + 16 * 8, INNER + 1).word(STACK + 17 * 8, 0x10).word(STACK + 19 * 8, OTHER_STACK);
        word(OTHER_STACK + 16 * 8, INNER + 2).word(OTHER_STACK + 17 * 8, 0x10).word(OTHER_STACK + 19 * 8, STACK);
        assertThat(unwind()).hasSizeBetween(10, 100);
    }

    @Test
    void tellsUserCodeFromKernelCode() {
        register(Register.RIP, 0x401000).register(Register.CS, 0x33);
        assertThat(unwind()).containsExactly("<user>", "0x401000");
    }

    @Test
    void readsEachPageOnce() {
        inInner().code(INNER, SP, 8, CALL);
        for (int i = 0; i < 200; i++) {
            word(STACK + 8L * i, INNER + 0x20);
        }
        code(OUTER, 0, 0, END).word(STACK + 8 * 200, OUTER + 0x30);
        assertThat(unwind()).hasSize(203);
        assertThat(reads).hasValue(1);
    }

    @Test
    void needsTheTablesPlace() throws IOException {
        Symbols without = Symbols.parse("ffffffff81000000 T _text\n".getBytes(UTF_8));
        assertThatThrownBy(() -> new Unwinder(without, table()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kallsyms");
    }

    @Test
    void survivesAnyMemoryWithinItsBounds() throws IOException {
        List<StoppedCpu> real = StoppedCpu.all().stream().map(StoppedCpu::read).toList();
        int certain = 0;
        for (int seed = 0; seed < 4000; seed++) {
            Random random = new Random(seed);
            StoppedCpu cpu = real.get(seed % real.size());
            Map<Register, Long> values = new EnumMap<>(Register.class);
            for (Register register : Register.values()) {
                values.put(register, hostile(random, cpu));
            }
            values.put(Register.CS, 0x10L);
            AtomicInteger count = new AtomicInteger();
            GuestMemory hostile = (address, length) -> {
                count.incrementAndGet();
                Random page = new Random(address);
                if (page.nextInt(8) == 0) {
                    throw new IOException("not mapped");
                }
                ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
                while (bytes.hasRemaining()) {
                    bytes.putLong(hostile(page, cpu));
                }
                return bytes.array();
            };
            List<Stack> stacks = new Unwinder(cpu.symbols(), cpu.table()).unwind(new Registers(0, values), hostile);
            List<Frame> frames =
                    stacks.stream().flatMap(s -> s.frames().stream()).toList();
            assertThat(frames).hasSizeBetween(1, 400);
            assertThat(stacks).allSatisfy(s -> assertThat(s.cpu()).isEqualTo(OptionalInt.of(0)));
            assertThat(count).hasValueLessThanOrEqualTo(64);
            certain += frames.size() > 2 && frames.get(1).certain() ? 1 : 0;
        }
        assertThat(certain).as("runs that got past the first frame").isGreaterThan(100);
    }

    /** Mostly what an attacker would put there: text, stacks, flags, pointers near the ends of the address space. */
    private static long hostile(Random random, StoppedCpu cpu) {
        List<Long> pages = List.copyOf(cpu.pages().keySet());
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> {
                List<String> lines =
                        cpu.stacks().stream().filter(l -> l.contains("+")).toList();
                String name = lines.get(random.nextInt(lines.size())).replaceFirst("\\+.*", "");
                yield cpu.symbols().address(name.replace("? ", "")).orElse(0) + random.nextInt(64);
            }
            case 3, 4 -> pages.get(random.nextInt(pages.size())) + random.nextInt(4096);
            case 5 -> random.nextInt(0x40);
            case 6 -> -random.nextInt(4096);
            default -> random.nextLong();
        };
    }
}
