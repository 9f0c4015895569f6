// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import io.ksplat.bpf.internal.libbpf.ProgramTags;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.internal.build.TestModules;
import io.ksplat.kernel.internal.rootfs.KernelModules;
import io.ksplat.machine.internal.KernelInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which modules an object refers to: the kernel's test modules, and those of its package whose kfuncs it calls. */
final class ObjectModules {
    /** Kfuncs of modules that distributions have, by their first letters. */
    private static final Map<String, String> OF_KFUNCS =
            Map.of("bpf_skb_ct_", "nf_conntrack", "bpf_xdp_ct_", "nf_conntrack", "bpf_ct_set_nat_info", "nf_nat");

    private ObjectModules() {}

    /** Returns the names of those that this kernel has, in an order that only depends on their names. */
    static List<String> of(String id, byte[] object, KernelInfo kernel) throws IOException {
        Set<String> lacking = ProgramTags.declaredFunctions(id, object);
        lacking.removeIf(kernel.btf()::hasKfunc);
        List<String> modules = new ArrayList<>();
        if (KernelModules.has(kernel.kernel())) {
            OF_KFUNCS.forEach((prefix, module) -> {
                if (lacking.stream().anyMatch(kfunc -> kfunc.startsWith(prefix)) && !modules.contains(module)) {
                    modules.add(module);
                }
            });
        }
        for (TestModules.TestModule module : TestModules.of(kernel.kernel())) {
            if (module.functions().stream().anyMatch(lacking::contains) || mentions(object, module.name())) {
                modules.add(module.name());
            }
        }
        return modules.stream().sorted().toList();
    }

    /** Its tracepoints, functions and types begin with its name, which is in the object's strings then. */
    private static boolean mentions(byte[] object, String name) {
        return new String(object, StandardCharsets.ISO_8859_1).contains(name + "_");
    }

    /**
     * Returns a remark on what a kernel lacks, if a test module of the tree would have it.
     *
     * @param lacks such as "kfunc NAME", or "struct NAME"
     * @param source that was compiled
     */
    static Optional<String> remark(String lacks, Optional<Path> source, Kernel kernel) throws IOException {
        Optional<Path> folder = source.flatMap(SelftestCompiler::selftests).flatMap(TestModules::sources);
        String[] words = lacks.split(" ", 3);
        if (folder.isEmpty() || words.length < 2) {
            return Optional.empty();
        }
        Pattern word = Pattern.compile("\\b" + Pattern.quote(bare(words[1])) + "\\b");
        try (Stream<Path> files = Files.list(folder.get())) {
            for (Path file : files.filter(one -> one.toString().matches(".*\\.[ch]"))
                    .sorted()
                    .toList()) {
                if (word.matcher(Files.readString(file)).find()) {
                    String why = TestModules.failure(kernel)
                            .map(failure -> "did not build with this kernel: " + failure)
                            .orElse("is built with source: and tree: kernels of the profile selftests");
                    return Optional.of("the test module " + folder.get().getFileName() + "/" + file.getFileName()
                            + " has it, which " + why);
                }
            }
        }
        return Optional.empty();
    }

    /** What libbpf looks for is not always what the source calls it. */
    private static String bare(String name) {
        return name.replaceFirst("^bpf_struct_ops_", "")
                .replaceFirst("^bpf_testmod_test_(.*)_tp$", "bpf_testmod_test_$1");
    }
}
