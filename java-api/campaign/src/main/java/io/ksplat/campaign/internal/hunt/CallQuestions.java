// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.engine.Conclusion;
import io.ksplat.engine.Expectation;
import io.ksplat.engine.KernelNeeds;
import io.ksplat.engine.Machine;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Scenario;
import io.ksplat.engine.Session;
import io.ksplat.engine.internal.Fixture;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.machine.internal.BpfTrials;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Asks the verifier of a kernel which helpers and kfuncs it refuses to the programs of a hunt, whatever they pass. It is asked for fentry:
 * programs on {@code tp_btf} have no helper that those have not (kernel/trace/bpf_trace.c, tracing_prog_func_proto()).
 */
final class CallQuestions implements Scenario {
    /** A function that every kernel has, and that programs of fentry attach to. */
    private static final String FUNCTION = "vfs_unlink";

    private static final int AT_ONCE = 64;

    /** kernel/bpf/verifier.c, of 6.1 to 7.3: what it says of a call before it looks at what is passed. */
    private static final Pattern REFUSAL = Pattern.compile("(unknown|invalid) func \\S+#\\d+"
            + "|program of this type cannot use helper"
            + "|helper call is not allowed in probe"
            + "|sleepable helper \\S+ in "
            + "|helper call might sleep in a non-sleepable prog"
            + "|calling kernel function \\S+ is not allowed"
            + "|program must be sleepable to call sleepable kfunc");

    private static final String ANSWERS = "refused";

    private final List<Call> calls = new ArrayList<>();
    private final Set<String> refused = new TreeSet<>();
    private boolean answered;

    /**
     * An instruction.
     *
     * @param source the register field, which tells helpers from kfuncs (include/uapi/linux/bpf.h, BPF_PSEUDO_KFUNC_CALL)
     */
    private record Call(String name, int source, int number) {
        /** BPF_JMP | BPF_CALL. */
        private static final long CALL = 0x85;

        /** Returns it as struct bpf_insn, whose register fields share a byte. */
        long instruction() {
            return CALL | (long) source << 12 | (long) number << 32;
        }
    }

    private CallQuestions(SortedMap<String, Integer> helpers, SortedMap<String, Integer> kfuncs) {
        helpers.forEach((name, number) -> calls.add(new Call(name, 0, number)));
        kfuncs.forEach((name, id) -> calls.add(new Call(name, 2, id)));
    }

    /**
     * Asks, or finds the answers in the cache.
     *
     * @param settings of the kernel that is asked
     * @param helpers their numbers, by name
     * @param kfuncs their BTF ids, by name
     * @throws IOException if the machine did not last until the last answer
     */
    static Set<String> refused(
            Session session,
            RunSettings settings,
            Kernel kernel,
            SortedMap<String, Integer> helpers,
            SortedMap<String, Integer> kfuncs)
            throws IOException, InterruptedException {
        CallQuestions questions = new CallQuestions(helpers, kfuncs);
        return Cache.standard()
                .<Set<String>, IOException>read(
                        "verifier",
                        Digests.sha256(kernel.key() + "\n" + questions.calls + "\n" + REFUSAL.pattern()),
                        fresh -> Files.write(fresh.resolve(ANSWERS), questions.askedIn(session, settings)),
                        folder -> Set.copyOf(Files.readAllLines(folder.resolve(ANSWERS))));
    }

    private Set<String> askedIn(Session session, RunSettings settings) throws IOException, InterruptedException {
        session.progress().report("asking the verifier about " + calls.size() + " helpers and kfuncs");
        Conclusion conclusion = session.run(settings, this).execute();
        if (!answered) {
            throw new IOException("the verifier did not answer: "
                    + conclusion.message().orElse(conclusion.verdict().name()));
        }
        return refused;
    }

    @Override
    public String id() {
        return "call-questions";
    }

    @Override
    public KernelNeeds needs() {
        return KernelNeeds.NONE;
    }

    @Override
    public Expectation expectedOn(String version) {
        return Expectation.of(Verdict.INCONCLUSIVE);
    }

    @Override
    public void run(Machine machine) throws IOException {
        Fixture fixture = machine.fixture();
        BpfTrials verifier = fixture.target()
                .find(BpfTrials.class)
                .orElseThrow(() -> new IOException("this target has no verifier to ask"));
        int function = fixture.kernel()
                .function(FUNCTION)
                .orElseThrow(() -> new IOException("this kernel has no " + FUNCTION));
        for (int from = 0; from < calls.size(); from += AT_ONCE) {
            List<Call> some = calls.subList(from, Math.min(calls.size(), from + AT_ONCE));
            List<String> answers =
                    verifier.ask(function, some.stream().map(Call::instruction).toList());
            if (answers.size() != some.size()) {
                throw new IOException(answers.size() + " answers to " + some.size() + " questions");
            }
            for (int i = 0; i < some.size(); i++) {
                // Most of the others are refused for what they pass.
                if (REFUSAL.matcher(answers.get(i)).find()) {
                    refused.add(some.get(i).name());
                }
            }
        }
        answered = true;
    }
}
