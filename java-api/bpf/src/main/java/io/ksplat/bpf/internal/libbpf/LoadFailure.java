// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.VerifierException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why an object was not loaded, or a program not attached: told by the words of the verifier and of libbpf, and by a probe of the
 * kernel. Only the verifier's own no is a refusal.
 */
public sealed interface LoadFailure {
    /** The verifier refused a program. */
    record Refused(String program) implements LoadFailure {}

    /** The kernel has not what the object needs. */
    record KernelLacks(String what) implements LoadFailure {}

    /** The loader has not what the object needs: another libbpf, or another way to load it, would do. */
    record HarnessLacks(String what) implements LoadFailure {}

    /** It failed for another reason. */
    record Broken() implements LoadFailure {}

    /**
     * What the loader said.
     *
     * @param what what was tried, in words; if the verifier refused a program, its name
     * @param verifierLog if the verifier refused a program
     * @param libbpf what libbpf printed
     * @param lacks what a probe of the kernel did not find, in words
     * @param sections of the programs, by their names
     */
    record Report(
            String what,
            int errno,
            Optional<String> verifierLog,
            String libbpf,
            List<String> lacks,
            Map<String, String> sections) {
        public Report {
            lacks = List.copyOf(lacks);
            sections = Map.copyOf(sections);
        }

        /** Returns all that was printed. */
        String log() {
            return verifierLog.map(log -> log + libbpf).orElse(libbpf);
        }

        Optional<String> lack(String kind) {
            return lacks.stream().filter(name -> name.startsWith(kind)).findFirst();
        }
    }

    /** Decides what a report means. */
    static LoadFailure of(Report report) {
        return report.verifierLog().isPresent()
                ? VerifierWords.explain(report, report.verifierLog().get())
                : LibbpfWords.explain(report).orElseGet(() -> bySilence(report));
    }

    /** The kernel refuses an unknown type without a word, and libbpf has nothing to add. */
    private static LoadFailure bySilence(Report report) {
        if (!report.lacks().isEmpty()) {
            return new KernelLacks(report.lacks().get(0));
        }
        Matcher attach = Pattern.compile("attach program \\S+ \\((.+)\\)").matcher(report.what());
        return attach.matches()
                        && report.errno() == Errno.EOPNOTSUPP
                        && report.libbpf().isBlank()
                ? new HarnessLacks("way to attach a program of the section " + attach.group(1)
                        + " without more arguments than its section has")
                : new Broken();
    }

    /** Returns it as an exception. */
    static BpfException exception(Report report) {
        LoadFailure failure = of(report);
        if (failure instanceof Refused refused) {
            return new VerifierException(
                    refused.program(), report.errno(), report.verifierLog().orElse(""));
        }
        if (failure instanceof KernelLacks kernel) {
            return new KernelLacksException(kernel.what(), report.errno(), report.log());
        }
        if (failure instanceof HarnessLacks harness) {
            return new BpfException(report.what() + ": ksplat has no " + harness.what(), report.errno(), report.log());
        }
        return new BpfException(report.what(), report.errno(), report.log());
    }

    /** The verifier's log. libbpf has made instructions that no kernel takes of what it did not find, and mostly puts the names back. */
    final class VerifierWords {
        /** tools/lib/bpf/relo_core.c, bpf_core_poison_insn(); libbpf.c, POISON_CALL_KFUNC_BASE. */
        private static final Pattern POISON = Pattern.compile("invalid func unknown#(195896080|2002\\d{6})");

        private static final Pattern RELOCATION = Pattern.compile("failed to resolve CO-RE relocation (.+)");
        private static final Pattern UNRESOLVED = Pattern.compile("kfunc '(.+)' is referenced but wasn't resolved");
        private static final Pattern HELPER = Pattern.compile("invalid func (\\S+)#(\\d+)");
        private static final Pattern OPCODE = Pattern.compile("unknown opcode ([0-9a-f]+)");
        private static final Pattern POISONED = Pattern.compile("(\\d+): \\(85\\) call unknown#\\d+");
        private static final Pattern WEAK = Pattern.compile("extern '(\\w+)' \\(weak\\): not resolved.*");

        private VerifierWords() {}

        static LoadFailure explain(Report report, String log) {
            return lack(report, log).<LoadFailure>map(KernelLacks::new).orElseGet(() -> new Refused(report.what()));
        }

        private static Optional<String> lack(Report report, String log) {
            List<String> end = tail(log);
            return first(end, RELOCATION)
                    .map(spec -> "match for the CO-RE relocation of " + readable(spec.group(1)))
                    .or(() -> first(end, UNRESOLVED).map(kfunc -> kfunc(kfunc.group(1))))
                    .or(() -> first(end, POISON)
                            .map(poison -> poison.group(1).startsWith("2002")
                                    ? unresolved(report)
                                    : "match for the CO-RE relocation of " + poisoned(report, end)))
                    .or(() -> first(end, HELPER).map(helper -> helper(helper.group(1), helper.group(2))))
                    .or(() -> first(end, OPCODE).map(opcode -> "instruction with the opcode 0x" + opcode.group(1)))
                    .or(() -> report.lack("helper "));
        }

        /** The reason is near the end; before it the log repeats the program, whose source may say anything. */
        private static List<String> tail(String log) {
            List<String> lines = log.lines()
                    .takeWhile(line -> !line.startsWith("Verification failed: "))
                    .filter(line -> !line.startsWith(";"))
                    .toList();
            return lines.subList(Math.max(0, lines.size() - 12), lines.size());
        }

        private static Optional<Matcher> first(List<String> lines, Pattern wanted) {
            return lines.stream()
                    .map(String::strip)
                    .map(wanted::matcher)
                    .filter(Matcher::matches)
                    .findFirst();
        }

        private static String helper(String name, String number) {
            return name.equals("unknown") ? "helper #" + number : "helper " + name;
        }

        private static String unresolved(Report report) {
            List<String> weak = report.libbpf()
                    .lines()
                    .map(WEAK::matcher)
                    .filter(Matcher::matches)
                    .map(extern -> extern.group(1))
                    .toList();
            return weak.isEmpty() ? "kfunc that " + report.what() + " calls" : kfunc(String.join(" or ", weak));
        }

        /** Finds the relocation of the instruction that the verifier refused. */
        private static String poisoned(Report report, List<String> end) {
            List<String> lines = report.libbpf().lines().toList();
            String instruction = first(end, POISONED).map(call -> call.group(1)).orElse("");
            String relocation = "";
            for (int i = 1; i < lines.size(); i++) {
                boolean poison = lines.get(i).endsWith("w/ invalid insn");
                if (poison && (relocation.isEmpty() || lines.get(i).contains("insn #" + instruction + " "))) {
                    relocation = lines.get(i - 1).replaceFirst("^prog '[^']*': relo #\\d+: ", "");
                }
            }
            return relocation.isEmpty() ? report.what() : readable(relocation);
        }

        /** Of {@code <byte_off> [7] struct task_struct.gone (0:1 @ offset 4)} returns what a person looks for. */
        private static String readable(String spec) {
            return spec.replaceFirst("^<[^>]*> \\[\\d+] ", "").replaceFirst(" \\([^()]*\\)$", "");
        }
    }

    private static String kfunc(String name) {
        return "kfunc " + name.replaceFirst("___.*", "");
    }

    /** The messages of libbpf 1.1 to 1.8. */
    final class LibbpfWords {
        private static final Pattern SECTION =
                Pattern.compile("prog '.+': missing BPF prog type, check ELF section name '(.+)'");
        private static final Pattern KFUNC = Pattern.compile("extern \\(func ksym\\) '(.+)': not found in .*");
        private static final Pattern PROTOTYPE =
                Pattern.compile("extern \\(func ksym\\) '(.+)': func_proto \\[\\d+] incompatible with .*");
        private static final Pattern VARIABLE = Pattern.compile("extern \\(var ksym\\) '(.+)': not found in .*");
        private static final Pattern VARIABLE_TYPE = Pattern.compile("extern \\(var ksym\\) '(.+)': incompatible .*");
        private static final Pattern STRONG = Pattern.compile("extern '(\\w+)' \\(strong\\): not resolved.*");
        private static final Pattern TARGET =
                Pattern.compile("prog '(.+)': failed to find kernel BTF type ID of '(.+)': .*");
        private static final Pattern STRUCT_OPS =
                Pattern.compile("struct_ops init_kern: struct (\\S+) is not found in kernel BTF");
        private static final Pattern MEMBER =
                Pattern.compile("struct_ops init_kern (\\S+): Cannot find member (\\S+) in kernel BTF");
        private static final Pattern SHAPE = Pattern.compile(
                "struct_ops init_kern (\\S+): (?:Unmatched member type|Error in size of member) (\\S+?):? .*");
        private static final Pattern KPROBE = Pattern.compile(
                "prog '.+': failed to create k(?:ret)?probe '([^'+]+)(?:\\+0x[0-9a-f]+)?' perf event: .*");
        private static final Pattern TRACEPOINT =
                Pattern.compile("failed to determine tracepoint '(.+)' perf event ID: .*");
        private static final Pattern RAW_TRACEPOINT =
                Pattern.compile("prog '.+': failed to attach to raw tracepoint '(.+)': .*");
        private static final Pattern MULTI = Pattern.compile("k(?:ret)?probe\\.(?:multi|session)/(.+)");
        private static final Pattern MAP = Pattern.compile("map '.+': failed to create: .*");
        private static final Pattern MAP_FIELD = Pattern.compile("map '.+': unknown field '(.+)'\\.");
        private static final Pattern EXTERN_SECTION = Pattern.compile("unrecognized extern section '(.+)'");
        private static final Pattern VIRTUAL = Pattern.compile("extern \\(kcfg\\) '(.+)': unrecognized virtual extern");

        private LibbpfWords() {}

        static Optional<LoadFailure> explain(Report report) {
            for (String line : report.libbpf().lines().map(LibbpfWords::bare).toList()) {
                Optional<LoadFailure> found = kernel(line, report)
                        .<LoadFailure>map(KernelLacks::new)
                        .or(() -> harness(line).map(HarnessLacks::new));
                if (found.isPresent()) {
                    return found;
                }
            }
            return multi(report).map(KernelLacks::new);
        }

        private static String bare(String line) {
            return line.strip().replaceFirst("^libbpf: ", "");
        }

        private static Optional<String> kernel(String line, Report report) {
            boolean missing = report.errno() == Errno.ENOENT;
            return words(line, KFUNC)
                    .map(m -> kfunc(m.group(1)))
                    .or(() -> words(line, PROTOTYPE)
                            .map(m -> kfunc(m.group(1)) + " with the prototype that the program declares"))
                    .or(() -> words(line, VARIABLE).map(m -> "variable " + m.group(1)))
                    .or(() -> words(line, VARIABLE_TYPE)
                            .map(m -> "variable " + m.group(1) + " of the type that the program declares"))
                    .or(() -> words(line, STRONG)
                            .map(m -> (m.group(1).startsWith("CONFIG_") ? "" : "symbol ") + m.group(1)))
                    .or(() -> words(line, TARGET).map(m -> target(report, m.group(1)) + m.group(2)))
                    .or(() -> words(line, STRUCT_OPS).map(m -> "struct " + m.group(1)))
                    .or(() -> words(line, MEMBER).map(m -> "member " + m.group(2) + " in the struct of " + m.group(1)))
                    .or(() -> words(line, SHAPE)
                            .map(m -> "member " + m.group(2) + " of that type in the struct of " + m.group(1)))
                    .or(() -> words(line, KPROBE).filter(m -> missing).map(m -> "function " + m.group(1)))
                    .or(() -> words(line, TRACEPOINT).filter(m -> missing).map(m -> "tracepoint " + m.group(1)))
                    .or(() -> words(line, RAW_TRACEPOINT).filter(m -> missing).map(m -> "tracepoint " + m.group(1)))
                    .or(() -> words(line, MAP).flatMap(m -> report.lack("map type ")));
        }

        private static Optional<String> harness(String line) {
            return words(line, SECTION)
                    .map(m -> "libbpf that knows the section " + m.group(1))
                    .or(() -> words(line, MAP_FIELD).map(m -> "libbpf that knows the map's field " + m.group(1)))
                    .or(() -> words(line, EXTERN_SECTION).map(m -> "libbpf that knows the section " + m.group(1)))
                    .or(() -> words(line, VIRTUAL).map(m -> "libbpf that knows the extern " + m.group(1)))
                    .or(() -> line.startsWith("failed to open system Kconfig")
                            ? Optional.of("configuration of this kernel, which the object's __kconfig externs ask for")
                            : Optional.empty());
        }

        private static Optional<Matcher> words(String line, Pattern wanted) {
            return Optional.of(wanted.matcher(line)).filter(Matcher::matches);
        }

        private static String target(Report report, String program) {
            String section = report.sections().getOrDefault(program, "");
            if (section.startsWith("tp_btf") || section.startsWith("raw_tp")) {
                return "tracepoint ";
            }
            return section.startsWith("lsm") ? "LSM hook " : section.startsWith("iter") ? "iterator " : "function ";
        }

        /** libbpf says nothing of a pattern that no function of /proc/kallsyms matches. */
        private static Optional<String> multi(Report report) {
            Matcher attach = Pattern.compile("attach program \\S+ \\((.+)\\)").matcher(report.what());
            Matcher section = MULTI.matcher(attach.matches() ? attach.group(1) : "");
            if (!section.matches()) {
                return Optional.empty();
            }
            // bpf_kprobe_multi_link_attach() of kernel/trace/bpf_trace.c, if the kernel was built without it.
            if (report.errno() == Errno.EOPNOTSUPP) {
                return Optional.of("attach type kprobe.multi (CONFIG_FPROBE)");
            }
            boolean missing = report.errno() == Errno.ENOENT || report.errno() == Errno.ESRCH;
            return missing ? Optional.of("function " + section.group(1)) : Optional.empty();
        }
    }
}
