// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.hostile;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.evidence.BpfStreamParser;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.ParserOptions;
import io.ksplat.evidence.Verdict;
import io.ksplat.evidence.internal.Incidents;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.arch.OrcTable;
import io.ksplat.machine.internal.forensics.locks.HeldLocks;
import io.ksplat.machine.internal.forensics.locks.Locks;
import io.ksplat.machine.internal.forensics.locks.SpinLockKind;
import io.ksplat.machine.internal.forensics.memory.JitedCode;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.KernelLog;
import io.ksplat.machine.internal.forensics.memory.Tasks;
import io.ksplat.machine.internal.forensics.unwind.Unwinder;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The readers of what a guest says or what a stranger sends. Each takes any bytes: it may refuse them with an IOException, and must not
 * throw anything else, allocate without bound or take for ever.
 */
enum Reader {
    /** The agent's end of the channel, after the first request: whoever waits gets an answer or an error. */
    AGENT {
        @Override
        void read(byte[] bytes) throws IOException {
            Path folder = Files.createTempDirectory("ksplat-fuzz-");
            Path path = folder.resolve("s");
            try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                server.bind(UnixDomainSocketAddress.of(path));
                try (SocketChannel near = SocketChannel.open(UnixDomainSocketAddress.of(path));
                        SocketChannel far = server.accept();
                        AgentClient client = new AgentClient(near, Duration.ofMinutes(5), Patience.Starvation.NONE)) {
                    client.listen(1, told -> check(told.getId() == 0, "an answer that is told unasked"));
                    CompletableFuture<Optional<byte[]>> file = CompletableFuture.supplyAsync(() -> {
                        try {
                            return Optional.of(client.readFile("/proc/kallsyms"));
                        } catch (IOException refused) {
                            return Optional.empty();
                        }
                    });
                    far.read(ByteBuffer.allocate(64));
                    say(far, bytes);
                    file.join();
                }
            } finally {
                Files.deleteIfExists(path);
                Files.delete(folder);
            }
        }

        private static void say(SocketChannel far, byte[] bytes) throws IOException {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            try {
                while (left.hasRemaining()) {
                    far.write(left);
                }
                far.shutdownOutput();
            } catch (IOException hungUp) {
                // As it should, on the first malformed frame.
                far.close();
            }
        }
    },

    BEATS {
        @Override
        void read(byte[] bytes) throws IOException {
            Heartbeats.Layout layout = Heartbeats.Layout.of(0x1000, Arrays.copyOf(bytes, 64), first(bytes) & 7);
            check(
                    layout.slots() >= 0x1000 + 64
                            && layout.slots() + (long) layout.cpus() * layout.slotBytes() <= 0x1000 + 4096,
                    "slots outside of their page");
        }
    },

    CONSOLE {
        @Override
        void read(byte[] bytes) {
            List<Evidence> whole = ConsoleParser.parse(bytes, ParserOptions.NMI_EXPERIMENT);
            List<Evidence> kernels = ConsoleParser.parse(bytes, ParserOptions.DEFAULT.withFacility());
            List<Evidence> pieces = new ArrayList<>();
            try (ConsoleParser parser = new ConsoleParser(pieces::add, ParserOptions.NMI_EXPERIMENT)) {
                int step = 1 + (first(bytes) & 63);
                for (int at = 0; at < bytes.length; at += step) {
                    parser.feed(bytes, at, Math.min(step, bytes.length - at));
                }
            }
            check(pieces.equals(whole), "another reading in pieces");
            BpfStreamParser.parse(new String(bytes, ISO_8859_1));
            for (List<Evidence> found : List.of(whole, kernels)) {
                ReportJson.evidenceLine("console.log", Incidents.gravestFirst(Incidents.together(found)));
                Verdict verdict = new Findings(found, List.of(Control.effect("worked", 1, 1)), true).verdict();
                check((verdict == Verdict.CLEAN) == found.isEmpty(), "CLEAN in spite of evidence");
            }
        }
    },

    /** All that is followed from list to list: log ring, tasks, held locks, lock words, JITed code. */
    MEMORY {
        @Override
        void read(byte[] bytes) throws IOException {
            Memory memory = new Memory(bytes);
            KernelData data = new KernelData(SYMBOLS, TYPES, memory, 2);
            KernelLog.undelivered(KernelLog.read(data), bytes);
            Tasks tasks = new Tasks(data);
            Set<Long> all = tasks.all();
            check(all.size() <= 2 * 4096 + 2, "more tasks than a list may have");
            HeldLocks held = new HeldLocks(data);
            all.stream().limit(8).forEach(task -> {
                tasks.named(task);
                tasks.runsOn(task);
                held.of(task);
            });
            Locks locks = new Locks(data);
            for (SpinLockKind kind : SpinLockKind.values()) {
                locks.heldAt(memory.word(0), kind);
            }
            locks.isTurnAwaited(memory.word(0));
            JitedCode.named(data);
            for (int cpu = 0; cpu < 2; cpu++) {
                data.perCpuAt(memory.word(cpu * 8L));
                data.preemptCount(cpu);
            }
        }
    },

    ORC {
        @Override
        void read(byte[] bytes) throws IOException {
            int entries = bytes.length / 10;
            byte[] ips = Arrays.copyOf(bytes, 4 * entries);
            OrcTable table = OrcTable.of(ips, Arrays.copyOfRange(bytes, ips.length, ips.length + 6 * entries));
            Memory memory = new Memory(bytes);
            Map<Register, Long> values = new EnumMap<>(Register.class);
            for (Register register : Register.values()) {
                values.put(register, memory.word(8L * register.ordinal()));
            }
            Unwinder unwinder = new Unwinder(SYMBOLS, table);
            unwinder.contexts(new Registers(0, values), memory);
            unwinder.unwind(new Registers(0, values), memory);
            unwinder.asleep(memory.word(0), memory);
        }
    },

    KALLSYMS {
        @Override
        void read(byte[] bytes) throws IOException {
            Symbols symbols = Symbols.parse(bytes);
            for (long address : new long[] {0, -1, new Memory(bytes).word(0)}) {
                symbols.at(address).ifPresent(found -> check(!found.name().isEmpty(), "a symbol without a name"));
                symbols.covering(address).ifPresent(Symbol::module);
            }
            symbols.address("_text");
            symbols.withoutModules().slidBy(4096).address("jiffies");
        }
    },

    BTF {
        @Override
        void read(byte[] bytes) throws IOException {
            KernelBtf btf = KernelBtf.parse(bytes);
            for (String type : List.of("task_struct", "list_head", "printk_ringbuffer", "", "u64")) {
                btf.hasFunction(type);
                btf.hasKfunc(type);
                btf.values(type);
                btf.variable(type);
                // What has that name may be of many forms; only that is refused.
                for (String member : List.of("next", "pid", "desc_ring.descs", "")) {
                    new KernelData(SYMBOLS, btf, new Memory(bytes), 1).field(0, type, member);
                    new KernelData(SYMBOLS, btf, new Memory(bytes), 1).address(0, type, member);
                }
            }
        }
    },

    /** A report that somebody sent. */
    RESULTS {
        @Override
        void read(byte[] bytes) throws IOException {
            Path report = Scratch.FOLDER.resolve("report");
            Path run = report.resolve("id/key/1");
            Files.createDirectories(run);
            Files.write(report.resolve("results.json"), bytes);
            Files.write(run.resolve("run.json"), bytes);
            try {
                inside(report, ResultsReader.read(report.resolve("results.json")));
            } catch (IOException refused) {
                oneLine(refused);
            }
            try {
                inside(report, ResultsReader.read(report));
            } catch (IOException refused) {
                oneLine(refused);
            }
        }

        private static void inside(Path report, List<RunRecord> runs) {
            for (RunRecord run : runs) {
                Path folder = report.resolve(RunFolder.name(run));
                check(folder.normalize().equals(folder) && folder.startsWith(report), "a run outside of its report");
            }
        }

        private static void oneLine(IOException refused) {
            check(String.valueOf(refused.getMessage()).lines().count() <= 1, "an error of several lines");
        }
    };

    /** Made when it is needed first, and left to the machine's own cleaning: the JVM may be killed. */
    private static final class Scratch {
        static final Path FOLDER;

        static {
            try {
                FOLDER = Files.createTempDirectory("ksplat-fuzz-");
            } catch (IOException e) {
                throw new ExceptionInInitializerError(e);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(Scratch::remove));
        }

        private static void remove() {
            try (java.util.stream.Stream<Path> files = Files.walk(FOLDER)) {
                files.sorted(java.util.Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            } catch (IOException e) {
                System.err.println("cannot remove " + FOLDER + ": " + e);
            }
        }
    }

    private static final KernelBtf TYPES = Types.parsed();
    private static final Symbols SYMBOLS = symbols();

    /** Reads what a guest or a stranger gave. */
    abstract void read(byte[] bytes) throws IOException;

    private static byte first(byte[] bytes) {
        return bytes.length == 0 ? 0 : bytes[0];
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    private static Symbols symbols() {
        String text = """
                0000000000000000 A __per_cpu_start
                0000000000002000 A __per_cpu_end
                0000000000000100 A pcpu_hot
                ffffffff81000000 T _text
                ffffffff81000100 T asm_exc_nmi
                ffffffff81000200 T _raw_spin_lock
                ffffffff81000300 T ret_from_fork
                ffffffff81800000 T _etext
                ffffffff82000000 D __per_cpu_offset
                ffffffff82000100 D init_task
                ffffffff82000200 D prb
                ffffffff82000300 D bpf_kallsyms
                ffffffff82000400 D ftrace_ops_trampoline_list
                ffffffff82100000 R __start_orc_unwind_ip
                ffffffff82200000 R __stop_orc_unwind_ip
                """;
        try {
            return Symbols.parse(text.getBytes(UTF_8));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Memory in which every address can be read, the worst that a guest can do: its words are the fuzzer's, over and over. */
    private record Memory(byte[] words) implements GuestMemory {
        @Override
        public byte[] read(long address, int length) {
            ByteBuffer read = ByteBuffer.allocate(length + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer from = ByteBuffer.wrap(words).order(ByteOrder.LITTLE_ENDIAN);
            int count = words.length / Long.BYTES;
            for (int at = 0; at < length; at += Long.BYTES) {
                read.putLong(
                        at,
                        count == 0 ? 0 : from.getLong(8 * (int) Long.remainderUnsigned((address + at) >>> 3, count)));
            }
            return Arrays.copyOf(read.array(), length);
        }
    }
}
