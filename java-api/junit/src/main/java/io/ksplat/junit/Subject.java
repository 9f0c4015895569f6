// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;
import io.ksplat.libbpf.BpfObjectFile;
import io.ksplat.libbpf.KernelBtf;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** What a reproducer's annotations say of it. */
record Subject(String id, Class<?> type, Method method, Reproducer reproducer, Optional<Needs> needs) {

    static Subject of(Class<?> type, Method method) {
        Reproducer reproducer = type.getAnnotation(Reproducer.class);
        if (reproducer == null) {
            throw new IllegalStateException(type.getName() + " has no @Reproducer");
        }
        return new Subject(
                reproducer.id(), type, method, reproducer, Optional.ofNullable(type.getAnnotation(Needs.class)));
    }

    String bpf() {
        return reproducer.bpf();
    }

    List<String> bootParameters() {
        return needs.map(Needs::boot).filter(line -> !line.isBlank()).stream()
                .flatMap(line -> Arrays.stream(line.strip().split("\\s+")))
                .toList();
    }

    /** A range on the method counts before one on the class; none means that the kernel is too old for it. */
    Verdict expectedOn(String release) {
        return expectation(method, release).or(() -> expectation(type, release)).orElse(Verdict.UNSUPPORTED);
    }

    private static Optional<Verdict> expectation(AnnotatedElement element, String release) {
        return Arrays.stream(element.getAnnotationsByType(Expect.class))
                .filter(expect -> KernelRange.parse(expect.kernels()).contains(release))
                .map(Expect::verdict)
                .findFirst();
    }

    /** What it needs and the kernel has not. */
    Optional<String> lacks(KernelBtf btf) {
        if (needs.isEmpty()) {
            return Optional.empty();
        }
        return Arrays.stream(needs.get().kfuncs())
                .filter(name -> !btf.hasKfunc(name))
                .map(name -> "kfunc " + name)
                .findFirst()
                .or(() -> Arrays.stream(needs.get().functions())
                        .filter(name -> !btf.hasFunction(name))
                        .map(name -> "function " + name)
                        .findFirst());
    }

    /**
     * Checks an object before any machine starts.
     *
     * @throws IOException where it calls kernel functions that {@link Needs} does not name: an older kernel would then be an error
     */
    void check(BpfObjectFile file) throws IOException {
        TreeSet<String> undeclared = new TreeSet<>(file.requiredKfuncs());
        needs.ifPresent(needed -> Arrays.asList(needed.kfuncs()).forEach(undeclared::remove));
        if (!undeclared.isEmpty()) {
            throw new IOException(bpf() + " calls " + String.join(", ", undeclared)
                    + ": name them in @Needs(kfuncs) of " + type.getSimpleName());
        }
        if (file.programs().isEmpty()) {
            throw new IOException(bpf() + " has no program: give one a SEC(\"...\")");
        }
    }
}
