// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfObjectSpec;
import io.ksplat.bpf.VerifierException;
import io.ksplat.evidence.Control;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Burst;
import io.ksplat.machine.Landing;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.NmiMode;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.SelfCheck;
import io.ksplat.machine.internal.forensics.memory.KernelView;
import io.ksplat.machine.internal.nmi.AnchorPlan;
import io.ksplat.machine.internal.nmi.Inside;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.machine.internal.snapshot.Snapshot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a run has set up in one machine: its programs, its NMIs, its controls and what watches it. */
final class Rig {
    private final Occasion occasion;
    private final Guest guest;
    private final Observation observation;
    private final List<SelfCheck> checkers;
    private final Controls controls = new Controls();
    private final Testimony testimony = new Testimony();
    private final List<BpfObject> objects = new ArrayList<>();
    /** By source, until the test method asks for them. */
    private final Map<String, BpfObject> loadedInSetUp = new HashMap<>();

    private final Nmi nmi;
    private Symbols symbols;
    private @Nullable Machine machine;
    private boolean settingUp;

    /**
     * What is the same in whichever machine a run ends up.
     *
     * @param started the run's beginning, as {@link System#nanoTime()}
     */
    record Occasion(
            Lab lab, Subject subject, KernelInfo kernel, NmiMode mode, Optional<AnchorPlan> plan, long started) {
        private Observation watch(Guest guest, Symbols symbols) {
            return new Observation(guest, kernel, symbols, lab.cache(), started);
        }
    }

    private Rig(Occasion occasion, Guest guest, Observation observation, Symbols symbols, List<SelfCheck> checkers) {
        this.occasion = occasion;
        this.guest = guest;
        this.observation = observation;
        this.symbols = symbols;
        this.checkers = checkers;
        this.nmi = new Nmi(
                guest,
                occasion.kernel.kernel(),
                symbols,
                inside(new KernelView(
                        occasion.kernel, symbols, guest.heartbeats().cpus())),
                occasion.mode,
                observation::hasFound,
                occasion.plan);
    }

    /**
     * Loads the program into a machine that nothing was done to.
     *
     * @throws VerifierException where the kernel refuses it
     */
    static Rig in(Guest guest, Optional<BpfObjectFile> program, Occasion occasion) throws IOException {
        Symbols symbols = occasion.kernel.symbolsAt(guest.kernel().text());
        List<SelfCheck> checkers = SelfCheck.of(guest, symbols);
        Observation observation = occasion.watch(guest, symbols);
        guest.beginExperiment(Long.toHexString(System.nanoTime()), observation);
        if (program.isEmpty()) {
            return new Rig(occasion, guest, observation, symbols, checkers);
        }
        BpfObject object = BpfObject.load(guest, program.get());
        Symbols withIt = symbols.plus(object.symbols());
        Rig rig = new Rig(occasion, guest, observation, withIt, checkers);
        rig.loaded(object, withIt);
        return rig;
    }

    /** Finds again what was there when a machine was frozen after its set-up. */
    static Rig again(Guest guest, Checkpoints.SetUp setUp, Occasion occasion) throws IOException {
        Observation observation = occasion.watch(guest, setUp.symbols());
        guest.resumeExperiment(observation);
        Rig rig = new Rig(
                occasion,
                guest,
                observation,
                setUp.symbols(),
                setUp.checkers().stream().map(there -> there.in(guest)).toList());
        setUp.bpf().ifPresent(own -> rig.loaded(own.in(guest), setUp.symbols()));
        setUp.loaded().forEach((source, object) -> {
            BpfObject there = object.in(guest);
            rig.loaded(there, setUp.symbols());
            rig.loadedInSetUp.put(source, there);
        });
        return rig;
    }

    private static Inside inside(KernelView kernel) {
        return new Inside() {
            @Override
            public Optional<String> task(GuestMemory memory, int cpu) {
                return kernel.task(memory, cpu);
            }

            @Override
            public OptionalLong nmis(GuestMemory memory, int cpu) {
                return kernel.nmis(memory, cpu);
            }
        };
    }

    private void loaded(BpfObject object, Symbols withIt) {
        objects.add(object);
        symbols = withIt;
        observation.loaded(object, withIt);
    }

    /**
     * Does what the reproducer wants done before its machine may be frozen.
     *
     * @return what that threw: as after a test method that throws, the machine is judged
     * @throws VerifierException where the kernel refuses a program
     */
    Optional<Throwable> prepare(Experiment.Preparation preparation) throws VerifierException {
        settingUp = true;
        try {
            preparation.run();
            checkSetUp();
            return Optional.empty();
        } catch (VerifierException refusal) {
            throw refusal;
        } catch (Throwable t) {
            return Optional.of(t);
        } finally {
            settingUp = false;
        }
    }

    /** Always, not only where the machine is frozen: what works once must work a hundred times. */
    private void checkSetUp() {
        if (!controls.isEmpty() || !testimony.isEmpty() || nmi.asked() > 0) {
            throw new IllegalStateException("controls, testimony and NMIs belong into the test method:"
                    + " what a @BeforeFreeze method does is done once for many attempts");
        }
        machine = null;
    }

    /** Freezes the machine as it is now. */
    Checkpoints.SetUp freeze() throws IOException {
        Map<String, BpfObject> more = new HashMap<>(loadedInSetUp);
        more.values().removeIf(BpfObject::isClosed);
        Optional<BpfObject> own = occasion.subject.source().map(file -> bpf()).filter(object -> !object.isClosed());
        return new Checkpoints.SetUp(Snapshot.of(guest), symbols, own, more, checkers);
    }

    Machine machine() {
        Machine known = machine;
        if (known == null) {
            known = new Machine(guest, nmi, controls, testimony, this::load);
            machine = known;
        }
        return known;
    }

    /** The object of the file that the class names. */
    BpfObject bpf() {
        if (objects.isEmpty()) {
            throw new IllegalStateException(
                    occasion.subject.type().getName() + " names no BPF C file: give it one with bpf = \"...\"");
        }
        return objects.get(0);
    }

    /** Loads one more object, that of a tracer say, or gives the one that the set-up has loaded. */
    private BpfObject load(String source, UnaryOperator<BpfObjectSpec> before) throws IOException {
        BpfObject there = settingUp ? null : loadedInSetUp.remove(source);
        if (there != null && !there.isClosed()) {
            if (before != Machine.AS_IT_IS) {
                throw new IllegalStateException(
                        source + " was loaded by a @BeforeFreeze method: set there what is to be"
                                + " set before, and write globals here");
            }
            return there;
        }
        Subject subject = occasion.subject;
        KernelInfo kernel = occasion.kernel;
        try {
            byte[] object = BpfBuild.object(
                    subject.type(), source, subject.macros(kernel.btf()), kernel.headers(), occasion.lab.cache());
            BpfObject loaded = before.apply(BpfObject.open(BpfObjectFile.parse(source, object)))
                    .load(guest);
            loaded(loaded, symbols.plus(loaded.symbols()));
            if (settingUp) {
                loadedInSetUp.put(source, loaded);
            }
            return loaded;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while compiling " + source, e);
        }
    }

    Controls controls() {
        return controls;
    }

    /** The symbols of the programs that are loaded. */
    List<Symbol> programs() {
        return objects.stream().flatMap(object -> object.symbols().stream()).toList();
    }

    /** Watches until all is seen that there is to see. {@code hopeless}: a control cannot pass any more. */
    Observation.Outcome watch(List<Control> first, boolean hopeless) {
        return observation.watch(
                () -> readControls(first), testimony, hopeless || !nmi.misses().isEmpty());
    }

    private List<Control> readControls(List<Control> first) throws IOException {
        List<Control> all = new ArrayList<>(first);
        if (nmi.asked() > 0) {
            all.add(Control.stimulus("nmi", nmi.asked(), nmi.landings().size()));
        }
        nmi.volleys().forEach(volley -> all.add(Control.stimulus(volley.source(), volley.required(), volley.taken())));
        all.addAll(controls.read());
        // That the kernel checks itself makes no experiment of one that checks nothing.
        if (!all.isEmpty()) {
            for (SelfCheck checker : checkers) {
                all.add(Control.observer(checker.id(), 1, checker.isOn() ? 1 : 0));
            }
        }
        return all;
    }

    Observation observation() {
        return observation;
    }

    /** Where the NMIs landed, and what was passed over on the console, for people. */
    List<String> notes() {
        return Stream.of(
                        nmi.landings().stream().map(Landing::toString),
                        nmi.volleys().stream().map(Burst::toString),
                        nmi.misses().stream(),
                        observation.ignored().stream())
                .flatMap(lines -> lines)
                .toList();
    }

    /** The NMI sources that were used, a line each. */
    List<String> nmis() {
        if (occasion.mode == NmiMode.NONE) {
            return List.of();
        }
        return Stream.concat(
                        nmi.landings().stream().map(at -> "aimed at " + at.where() + " on CPU " + at.cpu()),
                        nmi.volleys().stream().map(Burst::how))
                .toList();
    }

    /** Takes out of the machine what was put there. */
    void clear() throws IOException {
        machine().endChildren();
        for (BpfObject object : objects) {
            object.close();
        }
    }
}
