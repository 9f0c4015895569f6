// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import io.ksplat.bpf.BpfCompileException;
import io.ksplat.bpf.internal.libbpf.ProgramTags;
import io.ksplat.bpf.internal.libbpf.WeakKfuncs;
import io.ksplat.engine.internal.TrialScenario;
import io.ksplat.kernel.Cache;
import io.ksplat.machine.internal.KernelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Makes cases of files. */
public final class Selftests {
    private static final String HELPER = "BPF_FUNC_";
    private static final Pattern MISSING =
            Pattern.compile("(?:call to undeclared function|use of undeclared identifier) '(\\w+)'");

    /** An annotation of bpf_misc.h: a file without one is loaded by a test of its own, in C. */
    private static final Pattern ANNOTATION = Pattern.compile(
            "\\b__(?:success|failure|msg|not_msg|retval|xlated|jited|stderr|stdout|auxiliary)(?:_unpriv)?\\b");

    private static final List<String> FOLDERS = List.of("tools/testing/selftests/bpf/progs", "progs", ".");

    private Selftests() {}

    /**
     * Returns the annotated files of a tree.
     *
     * @throws IOException in one line, if it has none
     */
    public static List<Path> annotated(Path tree) throws IOException {
        for (String name : FOLDERS) {
            Path folder = tree.resolve(name).normalize();
            if (!Files.isDirectory(folder) || !Files.isRegularFile(folder.resolve("bpf_misc.h"))) {
                continue;
            }
            List<Path> files = new ArrayList<>();
            try (Stream<Path> all = Files.list(folder)) {
                for (Path file : all.filter(one -> one.toString().endsWith(".c"))
                        .sorted()
                        .toList()) {
                    if (ANNOTATION.matcher(Files.readString(file)).find()) {
                        files.add(file);
                    }
                }
            }
            if (!files.isEmpty()) {
                return files;
            }
        }
        throw new IOException(tree + " has no annotated BPF selftests: name a kernel's tree, which has "
                + FOLDERS.get(0) + "/bpf_misc.h");
    }

    /** Returns a file's cases on a kernel; what cannot be compiled is one case that says so. */
    public static List<TrialScenario> cases(String id, Path path, KernelInfo kernel, Cache cache)
            throws InterruptedException {
        try {
            boolean given = isObject(path);
            byte[] object = given ? Files.readAllBytes(path) : SelftestCompiler.compile(path, kernel, cache);
            Optional<Path> source = given ? Optional.empty() : Optional.of(path);
            List<String> modules = ObjectModules.of(id, object, kernel);
            return new SelftestObject(
                            id,
                            source,
                            WeakKfuncs.in(id, object),
                            helpers(kernel),
                            modules,
                            new CustomBtf(source, kernel, cache))
                    .cases();
        } catch (BpfCompileException e) {
            Matcher missing = MISSING.matcher(e.output());
            return List.of(
                    missing.find()
                            ? new UntriedCase(
                                    id,
                                    new SelftestException(path.getFileName() + " wants " + missing.group(1) + ", which "
                                            + kernel.release() + " does not declare in its BTF"),
                                    true)
                            : new UntriedCase(id, new SelftestException(e), false));
        } catch (IOException e) {
            return List.of(new UntriedCase(id, new SelftestException(e), false));
        }
    }

    /** Returns a case that says what is wrong. */
    public static TrialScenario broken(String id, String why) {
        return new UntriedCase(id, new SelftestException(why), false);
    }

    /** Returns the names of the cases of an object; of C, those that its text shows. */
    public static List<String> names(Path path) throws IOException {
        return isObject(path)
                ? ProgramTags.of(path.toString(), Files.readAllBytes(path)).stream()
                        .map(ProgramTags::program)
                        .toList()
                : SourceNames.of(Files.readString(path));
    }

    private static boolean isObject(Path path) {
        return path.toString().endsWith(".o");
    }

    private static Map<Long, String> helpers(KernelInfo kernel) {
        Map<Long, String> helpers = new HashMap<>();
        kernel.btf().values("bpf_func_id").forEach((name, number) -> {
            if (name.startsWith(HELPER) && number > 0) {
                helpers.put(number, "bpf_" + name.substring(HELPER.length()).toLowerCase(Locale.ROOT));
            }
        });
        return helpers;
    }
}
