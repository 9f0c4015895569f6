// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.engine.BpfSource;
import io.ksplat.engine.Expectation;
import io.ksplat.engine.KernelNeeds;
import io.ksplat.engine.Machine;
import io.ksplat.engine.MachineNeeds;
import io.ksplat.engine.Scenario;
import io.ksplat.evidence.Verdict;
import io.ksplat.evidence.internal.console.ReportTitle;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.debian.Busybox;
import io.ksplat.kernel.internal.image.KernelConfig;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.internal.ExpectedEnd;
import io.ksplat.machine.internal.Processes;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.results.ProgramRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A program that its author already has, started as in a terminal. It shows that a kernel lives if it runs to its end with status 0, or as
 * long as it is to last, if the kernel's functions that it is to reach were called, and if no task is left that does not come on.
 */
public final class ProgramScenario implements Scenario {
    /** How long a program may take that nobody said anything of, of the guest's time. */
    private static final Duration USUALLY = Duration.ofSeconds(10);

    private static final int SHARED = 01777;
    private static final int PRIVATE = 0755;

    private final String id;
    private final ProgramSpec spec;
    private final ReachTracer tracer;
    private final Account account;
    private Optional<Built> built = Optional.empty();

    /** What goes into machines. */
    private static final class Built {
        private final byte[] program;
        private final List<String> before;
        private final Optional<Path> busybox;

        Built(byte[] program, List<String> before, Optional<Path> busybox) {
            this.program = program;
            this.before = before;
            this.busybox = busybox;
        }
    }

    /**
     * Makes the scenario of a program.
     *
     * @throws IllegalArgumentException in one line, if its settings make no sense
     */
    public ProgramScenario(String id, ProgramSpec spec) {
        this.id = id;
        this.spec = spec;
        this.tracer = new ReachTracer(spec.reaches());
        this.account = Account.of(spec.user());
    }

    /** Returns the settings. */
    public ProgramSpec spec() {
        return spec;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public KernelNeeds needs() {
        // A function of a module is known once the module is loaded.
        List<String> known = spec.machine().modules().isEmpty() ? tracer.functions() : List.of();
        return new KernelNeeds(List.of(), known, spec.bootParameters());
    }

    @Override
    public MachineNeeds machine() {
        return spec.machine();
    }

    @Override
    public Expectation expectedOn(String version) {
        return new Expectation(
                spec.expect().or(() -> spec.bug().map(ReportTitle::verdict)).orElse(Verdict.CLEAN),
                spec.expect().isPresent() ? Optional.empty() : spec.bug().map(bug -> "its bug is " + bug.text()),
                spec.expect().isPresent(),
                Optional.empty());
    }

    @Override
    public Optional<String> bug() {
        return spec.bug().map(ReportTitle::text);
    }

    @Override
    public Optional<String> lackingIn(Kernel kernel) throws IOException {
        Optional<String> ofMachine = spec.test()
                .flatMap(test -> test.lackingOf(spec.machine(), Arch.guest().id(), account.isRoot()));
        if (ofMachine.isPresent() || (spec.bug().isEmpty() && spec.test().isEmpty())) {
            return ofMachine;
        }
        Optional<KernelConfig> config = config(kernel);
        Optional<String> blind = observer()
                .filter(option -> config.filter(known -> !KconfigExpression.holds(option, known))
                        .isPresent())
                .map(option -> kernel.release() + " was built without " + option
                        + ", and so reports no " + spec.bug().orElseThrow().text()
                        + ": name a kernel that has it, or take any bug (bug=any)");
        if (blind.isPresent() || spec.test().isEmpty()) {
            return blind;
        }
        return spec.test().get().lackingIn(kernel.version(), config);
    }

    private Optional<String> observer() {
        return spec.bug().flatMap(SyzbotHeader::observer);
    }

    private static Optional<KernelConfig> config(Kernel kernel) throws IOException {
        return kernel.config().isPresent()
                ? Optional.of(
                        KernelConfig.parse(Files.readString(kernel.config().get())))
                : Optional.empty();
    }

    @Override
    public List<String> notesOn(Kernel kernel) {
        List<String> notes = new ArrayList<>(spec.test().map(LtpTest::notes).orElse(List.of()));
        List<String> unchecked = new ArrayList<>(observer().stream().toList());
        unchecked.addAll(spec.test().map(LtpTest::kconfigs).orElse(List.of()));
        if (kernel.config().isEmpty() && !unchecked.isEmpty()) {
            notes.add("the configuration of this kernel is not known: whether it has " + String.join(", ", unchecked)
                    + " was not checked");
        }
        return notes;
    }

    @Override
    public BpfSource beside(String name) {
        return new BpfSource(ProgramScenario.class, name);
    }

    @Override
    public List<String> macros() {
        return tracer.macros();
    }

    /** Compiles it, or checks that machines can run it. Called before there is a machine, its message is for whoever gave the file. */
    @Override
    public synchronized void build(Cache cache, Progress progress) throws IOException, InterruptedException {
        if (built.isPresent()) {
            return;
        }
        byte[] content = Files.readAllBytes(spec.file());
        switch (spec.kind()) {
            case C -> {
                progress.report("compiling " + spec.file().getFileName());
                byte[] program = new CCompiler(spec.file(), cflags()).compile(cache);
                built = Optional.of(new Built(program, List.of(), Optional.empty()));
            }
            case SCRIPT ->
                built = Optional.of(
                        hasRoot()
                                ? new Built(content, Script.inRoot(content), Optional.empty())
                                : new Built(
                                        content,
                                        Script.before(spec.file(), content),
                                        Optional.of(busybox(cache, progress))));
            case EXECUTABLE -> {
                if (!hasRoot()) {
                    ExecutableFile.checkStatic(spec.file(), content);
                }
                built = Optional.of(new Built(content, List.of(), Optional.empty()));
            }
        }
    }

    private List<String> cflags() throws IOException {
        List<String> all = new ArrayList<>(spec.cflags());
        if (spec.test().isPresent()) {
            all.addAll(LtpTree.flags(spec.file()));
        }
        return all;
    }

    private boolean hasRoot() {
        return spec.machine().root().isPresent();
    }

    private static Path busybox(Cache cache, Progress progress) throws IOException, InterruptedException {
        try {
            return Busybox.find(cache, progress);
        } catch (KernelException e) {
            throw new IOException("scripts need busybox: " + e.getMessage(), e);
        }
    }

    private synchronized Built built() {
        return built.orElseThrow(() -> new IllegalStateException(id + " was not built"));
    }

    @Override
    public void beforeSnapshot(Machine machine) throws IOException {
        Processes processes = processes(machine);
        if (built().busybox.isPresent()) {
            Shell.install(machine, processes, built().busybox.get());
        }
        processes.makeDirectory(account.home(), account.isRoot() ? PRIVATE : SHARED);
        String program = account.home() + "/" + name();
        machine.fixture().target().control().writeProgram(program, built().program);
        if (hasRoot()) {
            InRoot root = new InRoot(machine, spec.file());
            switch (spec.kind()) {
                case SCRIPT -> root.checkScript(built().program);
                case EXECUTABLE -> root.checkExecutable(built().program);
                case C -> {
                    // It is linked statically.
                }
            }
        }
        Optional<Path> config = machine.fixture().kernel().kernel().config();
        if (spec.test().isPresent() && config.isPresent()) {
            // It reads the configuration itself.
            machine.writeFile(configFile(), Files.readString(config.get()));
        }
        tracer.load(machine);
    }

    private static Processes processes(Machine machine) throws IOException {
        return machine.fixture()
                .target()
                .find(Processes.class)
                .orElseThrow(() -> new IOException("this target starts no programs"));
    }

    /** Returns what the program is called in the machine. */
    private String name() {
        String file = String.valueOf(spec.file().getFileName());
        return spec.kind() == ProgramSpec.Kind.C ? file.replaceFirst("\\.c$", "") : file;
    }

    @Override
    public void run(Machine machine) throws IOException {
        tracer.attach(machine);
        Processes processes = processes(machine);
        List<String> argv = new ArrayList<>(built().before);
        argv.add("./" + name());
        argv.addAll(spec.arguments());
        Processes.Command command =
                new Processes.Command(argv, environment(), Optional.empty(), account.home(), account.user());
        GuestProcess process = machine.fixture().experiment(name(), output -> processes.start(command, output));
        process.watch()
                .expect(spec.lasts().isPresent() ? new ExpectedEnd.ExitOrUntilTheEnd() : new ExpectedEnd.Exit(0));
        process.watch().hint("say how long it is to run (lasts=30s, --lasts 30s)");
        machine.fixture()
                .watchUntil(
                        () -> process.watch().end().isPresent(),
                        spec.lasts()
                                .orElse(USUALLY.plus(
                                        spec.test().flatMap(LtpTest::longest).orElse(Duration.ZERO))));
    }

    /** A test of LTP tells as well what no field says, such as a system call that a kernel does not have. */
    @Override
    public Optional<String> unfit(ProgramRecord ended) {
        boolean unfit = spec.test().isPresent()
                && ended.exit().isPresent()
                && ended.exit().getAsInt() == LtpTest.TCONF;
        return unfit
                ? Optional.of("the test says that it cannot run here: " + LtpTest.whyUnfit(ended.stderr()))
                : Optional.empty();
    }

    private String configFile() {
        return account.home() + "/kernel.config";
    }

    private List<String> environment() {
        Map<String, String> variables = new TreeMap<>(Map.of(
                "PATH", InRoot.PATH,
                "HOME", account.home(),
                "PWD", account.home(),
                "USER", account.name(),
                "LOGNAME", account.name(),
                "SHELL", "/bin/sh",
                "TERM", "dumb"));
        if (spec.test().isPresent()) {
            variables.put("KCONFIG_PATH", configFile());
        }
        variables.putAll(spec.environment());
        return variables.entrySet().stream()
                .map(variable -> variable.getKey() + "=" + variable.getValue())
                .toList();
    }
}
