// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.VerifierException;
import io.ksplat.bpf.internal.libbpf.LoadFailure;
import io.ksplat.bpf.internal.llvm.JitedText;
import io.ksplat.engine.AbortedException;
import io.ksplat.engine.Expectation;
import io.ksplat.engine.KernelNeeds;
import io.ksplat.engine.Machine;
import io.ksplat.engine.MachineNeeds;
import io.ksplat.engine.internal.Fixture;
import io.ksplat.engine.internal.TrialScenario;
import io.ksplat.evidence.Verdict;
import io.ksplat.machine.internal.BpfTrials;
import io.ksplat.machine.internal.BpfTrials.Result;
import io.ksplat.machine.internal.KernelInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One annotated program in one mode. */
final class SelftestCase implements TrialScenario {
    /** Of the guest: the longest programs of the selftests take half a minute to be verified under TCG. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** How the agent begins what it tells of a load, and of nothing that comes before it. */
    private static final String LOAD = "load ";

    /** What libbpf prints if bpf(2) refused a program or a map (libbpf.c). */
    private static final List<String> ASKED = List.of("BPF program load failed", "failed to create");

    private static final List<Pattern> UNKNOWN_SECTIONS = List.of(
            Pattern.compile("missing BPF prog type, check ELF section name '([^']*)'"),
            Pattern.compile("bad map relo against '[^']*' in section '([^']*)'"));

    private final SelftestObject object;
    private final String program;
    private final Mode mode;
    private final Annotations annotations;
    private final Expected expected;
    private final Optional<byte[]> btf;

    /** @param btf that CO-RE looks at in the place of the kernel's */
    SelftestCase(SelftestObject object, String program, Mode mode, Annotations annotations, Optional<byte[]> btf) {
        this.object = object;
        this.program = program;
        this.mode = mode;
        this.annotations = annotations;
        this.expected = annotations.in(mode);
        this.btf = btf;
    }

    /** Returns its name within its file: that of the program, with the mode unless it is the privileged one. */
    String name() {
        return program + mode.suffix();
    }

    @Override
    public String id() {
        return object.id() + "/" + name();
    }

    @Override
    public Optional<Path> source() {
        return object.source();
    }

    @Override
    public KernelNeeds needs() {
        return KernelNeeds.NONE;
    }

    @Override
    public MachineNeeds machine() {
        MachineNeeds usual = MachineNeeds.STANDARD;
        return new MachineNeeds(
                usual.cpus(), usual.memoryMiB(), usual.nodes(), object.modules(), Optional.empty(), List.of());
    }

    @Override
    public Expectation expectedOn(String version) {
        return new Expectation(
                expected.failure() ? Verdict.REJECTED : Verdict.CLEAN,
                Optional.of(expected.failure() ? "__failure" : "__success"),
                // Its annotations are for the kernel of its tree: no other one need have what it uses.
                false,
                Optional.empty());
    }

    @Override
    public boolean asserts() {
        return true;
    }

    @Override
    public Optional<String> disabledOn(String version) {
        if (annotations.skipped().isPresent()) {
            return Optional.of("__skip: " + annotations.skipped().get());
        }
        if (!annotations.architectures().isEmpty()
                && !annotations.architectures().contains(Annotations.ARCHITECTURE)) {
            return Optional.of("it is for " + String.join(", ", annotations.architectures()) + " alone (__arch)");
        }
        if (!annotations.unsupported().isEmpty()) {
            return Optional.of("ksplat does not support " + String.join(", ", annotations.unsupported()));
        }
        return expected.jited().isEmpty()
                ? Optional.empty()
                : JitedText.problem().map(why -> "__jited needs a disassembler, and " + why);
    }

    @Override
    public Optional<String> mismatch(VerifierException refusal) {
        return expected.log().mismatch("the verifier's log", refusal.log());
    }

    @Override
    public void run(Machine machine) throws IOException {
        Fixture fixture = machine.fixture();
        if (mode == Mode.UNPRIVILEGED) {
            requireMitigations(fixture.kernel());
        }
        if (object.asksForConfiguration()) {
            fixture.offerConfiguration();
        }
        BpfTrials trials = fixture.target()
                .find(BpfTrials.class)
                .orElseThrow(() -> aborted("this target cannot load a program in a process of its own"));
        Result result = trials.attempt(trial(), fixture.firstEvidence());
        if (result instanceof Result.TimedOut) {
            throw new SelftestException(
                    "the program was not loaded and run within " + LIMIT.toSeconds() + " s of the guest");
        }
        if (result instanceof Result.Died died) {
            throw new SelftestException("the process that loaded the program died (status " + died.status() + ")");
        }
        if (result instanceof Result.NeedsPrivilege) {
            throw aborted("this kernel keeps unprivileged users from bpf(2) (kernel.unprivileged_bpf_disabled)");
        }
        if (result instanceof Result.Refused refused) {
            Optional<String> unknown = unknownSection(refused);
            if (unknown.isPresent()) {
                throw aborted("ksplat has no libbpf that knows the section " + unknown.get());
            }
            throw refusal(refused, fixture.kernel());
        }
        loaded(fixture, (Result.Loaded) result);
    }

    /** Some of them rely on what the verifier does against Spectre (unpriv_helpers.c, get_unpriv_disabled()). */
    private static void requireMitigations(KernelInfo kernel) throws IOException {
        if (kernel.kernel().config().isEmpty()) {
            return;
        }
        String config = Files.readString(kernel.kernel().config().get());
        // Named so since 6.10.
        if (!config.contains("CONFIG_CPU_MITIGATIONS=y") && !config.contains("CONFIG_SPECULATION_MITIGATIONS=y")) {
            throw aborted(
                    "this kernel is built without CPU mitigations, and then unprivileged programs are not tested");
        }
    }

    private BpfTrials.Trial trial() {
        return new BpfTrials.Trial(
                object.libbpfName(),
                ByteBuffer.wrap(object.bytes()),
                program,
                object.auxiliaries(mode),
                annotations.logLevel(),
                annotations.flags().always(),
                annotations.flags().ifKnown(),
                mode == Mode.UNPRIVILEGED,
                annotations.capabilities(),
                expected.runs(),
                annotations.linearSize(),
                !expected.xlated().isEmpty(),
                !expected.jited().isEmpty(),
                btf.map(ByteBuffer::wrap),
                !expected.stdout().isEmpty(),
                !expected.stderr().isEmpty(),
                LIMIT);
    }

    private static AbortedException aborted(String why) {
        return new AbortedException(new SelftestException(why));
    }

    /** What test_loader takes for a failed load: also what libbpf or bpf(2) refuse before the verifier looks. */
    private BpfException refusal(Result.Refused refused, KernelInfo kernel) throws IOException {
        if (!refused.what().startsWith(LOAD)) {
            // Not even a program that must be refused may pass by that.
            return new BpfException(refused.what(), refused.errno(), refused.libbpf());
        }
        boolean verifier = !refused.log().isBlank();
        BpfException why = LoadFailure.exception(new LoadFailure.Report(
                verifier ? program : refused.what(),
                refused.errno(),
                verifier ? Optional.of(refused.log()) : Optional.empty(),
                refused.libbpf(),
                refused.lacks(),
                Map.of()));
        boolean asked = verifier || ASKED.stream().anyMatch(refused.libbpf()::contains);
        boolean asExpected = expected.failure()
                && !expected.log().isEmpty()
                && expected.log().mismatch("", refused.log()).isEmpty();
        if (why instanceof KernelLacksException lacks && !asExpected) {
            Optional<BpfException> otherwise = declaredOtherwise(lacks, kernel);
            return otherwise.isPresent() ? otherwise.get() : remarked(lacks, kernel);
        }
        if (!asked) {
            return new BpfException(
                    "libbpf refused the object, and the kernel was not asked: " + last(refused.libbpf()),
                    refused.errno(),
                    refused.libbpf());
        }
        return expected.failure() || why instanceof VerifierException
                ? new VerifierException(program, refused.errno(), verifier ? refused.log() : refused.libbpf())
                : why;
    }

    private BpfException remarked(KernelLacksException lacks, KernelInfo kernel) throws IOException {
        return ObjectModules.remark(lacks.lacks(), object.source(), kernel.kernel())
                .<BpfException>map(remark ->
                        new KernelLacksException(lacks.lacks() + " (" + remark + ")", lacks.errno(), lacks.log()))
                .orElse(lacks);
    }

    private static String last(String libbpf) {
        return libbpf.lines().reduce((first, second) -> second).orElse("it printed nothing");
    }

    /** A section of a newer libbpf's: the kernel never sees what is in it. */
    private static Optional<String> unknownSection(Result.Refused refused) {
        return UNKNOWN_SECTIONS.stream()
                .map(words -> words.matcher(refused.libbpf()))
                .filter(Matcher::find)
                .map(found -> found.group(1))
                .findFirst();
    }

    /** libbpf does not find a weak kfunc either if the object's prototype is not the kernel's. */
    private static Optional<BpfException> declaredOtherwise(KernelLacksException lacks, KernelInfo kernel) {
        return Optional.of(lacks.lacks())
                .filter(what -> what.startsWith("kfunc ") && kernel.btf().hasKfunc(what.substring("kfunc ".length())))
                .map(what -> new BpfException(
                        "the object declares " + what + " otherwise than " + kernel.release() + " has it",
                        lacks.errno(),
                        lacks.log()));
    }

    private void loaded(Fixture fixture, Result.Loaded loaded) throws IOException {
        if (annotations.jit().isPresent() && annotations.jit().get() != loaded.jited()) {
            throw aborted(loaded.jited() ? "__load_if_no_JITed, and this kernel compiles programs" : "__load_if_JITed");
        }
        if (expected.failure()) {
            return;
        }
        Files.writeString(fixture.file("verifier.log"), loaded.log());
        expect(expected.log().mismatch("the verifier's log", loaded.log()));
        if (!expected.xlated().isEmpty()) {
            if (!loaded.xlated().hasRemaining()) {
                throw new SelftestException("the kernel does not give the program's instructions");
            }
            String text = new Disassembly(object.helpers()).text(loaded.xlated());
            Files.writeString(fixture.file("xlated.txt"), text);
            expect(expected.xlated().mismatch("the program after the verifier's rewrites", text));
        }
        if (!expected.jited().isEmpty()) {
            compiled(fixture, loaded);
        }
        if (expected.runs()) {
            ran(loaded.run().orElseThrow(() -> new SelftestException("the agent did not run the program")));
        }
    }

    private void compiled(Fixture fixture, Result.Loaded loaded) throws IOException {
        if (!loaded.jited()) {
            throw aborted(
                    "this kernel does not compile programs (net.core.bpf_jit_enable), and __jited wants their code");
        }
        BpfTrials.MachineCode code = loaded.machineCode()
                .orElseThrow(() -> new SelftestException("the kernel does not give the program's machine code"));
        String text = JitedText.of(code.bytes(), code.lengths());
        Files.writeString(fixture.file("jited.txt"), text);
        expect(expected.jited().mismatch("the program's machine code", text));
    }

    private void ran(BpfTrials.Ran run) {
        if (run.errno() != 0) {
            throw new Unexpected(run.what() + " failed: errno " + run.errno());
        }
        int wanted = expected.retval().orElseThrow();
        if (run.retval() != wanted && wanted != Expected.ANYTHING) {
            throw new Unexpected("the program returned " + run.retval() + ", and was to return " + wanted);
        }
        expect(expected.stderr().mismatch("its stderr", run.stderr()));
        expect(expected.stdout().mismatch("its stdout", run.stdout()));
    }

    private static void expect(Optional<String> mismatch) {
        if (mismatch.isPresent()) {
            throw new Unexpected(mismatch.get());
        }
    }

    /** Its words are the message of the run. */
    private static final class Unexpected extends AssertionError {
        private static final long serialVersionUID = 1;

        Unexpected(String what) {
            super(what);
        }
    }
}
