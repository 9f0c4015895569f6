// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a program's annotations say (tools/testing/selftests/bpf/progs/bpf_misc.h), as test_loader.c reads them.
 *
 * @param modes in which it is tested, or loaded beside others if it is auxiliary
 * @param description a second name; empty if it has none
 * @param architectures on which alone it is tested; empty: on all
 * @param jit whether the kernel must compile programs, or must not; empty: either
 * @param capabilities given back to an unprivileged one, as bits
 * @param linearSize 0 if none is given
 * @param skipped why it is not to be tested
 * @param btf the file whose BTF CO-RE looks at in the place of the kernel's
 * @param unsupported the names of annotations that ksplat knows and does not serve
 */
record Annotations(
        Set<Mode> modes,
        boolean auxiliary,
        Optional<String> description,
        Expected privileged,
        Expected unprivileged,
        int logLevel,
        LoadFlags flags,
        Set<String> architectures,
        Optional<Boolean> jit,
        long capabilities,
        int linearSize,
        Optional<String> skipped,
        Optional<String> btf,
        Set<String> unsupported) {
    /** What test_loader calls the one that machines have here. */
    static final String ARCHITECTURE = "X86_64";

    private static final Set<String> ARCHITECTURES = Set.of("X86_64", "ARM64", "RISCV64", "s390x", "LOONGARCH");

    Annotations {
        modes = Set.copyOf(modes);
        architectures = Set.copyOf(architectures);
        unsupported = Set.copyOf(unsupported);
    }

    /** Returns what is expected in a mode. */
    Expected in(Mode mode) {
        return mode == Mode.PRIVILEGED ? privileged : unprivileged;
    }

    /**
     * Reads them.
     *
     * @throws IllegalArgumentException if one is not known, or makes no sense: a newer annotation must not pass as checked
     */
    static Annotations of(List<Tag> tags) {
        Reading reading = new Reading();
        tags.forEach(reading::read);
        return reading.end();
    }

    private static final class Reading {
        private final EnumSet<Mode> modes = EnumSet.noneOf(Mode.class);
        private final Side priv = new Side();
        private final Side unpriv = new Side();
        private final Set<String> architectures = new TreeSet<>();
        private final Set<String> unsupported = new TreeSet<>();
        private boolean auxiliary;
        private boolean ownArchitecture;
        private Optional<String> description = Optional.empty();
        private Optional<String> skipped = Optional.empty();
        private Optional<Boolean> jit = Optional.empty();
        private int logLevel;
        private LoadFlags flags = LoadFlags.USUAL;
        private long capabilities;
        private int linearSize;
        private Optional<String> btf = Optional.empty();

        /** Messages that each must be on the line after the one before, unless a gap stands between them. */
        private static final class Lines {
            private Messages messages = Messages.NONE;
            private boolean next = true;

            void add(String value) {
                boolean gap = value.equals("...");
                if (!gap) {
                    messages = messages.and(Message.of(value, next, false));
                }
                next = !gap;
            }
        }

        /** One of the two modes while it is read. */
        private static final class Side {
            private final Lines xlated = new Lines();
            private final Lines jited = new Lines();
            private final Lines stdout = new Lines();
            private final Lines stderr = new Lines();
            private Messages log = Messages.NONE;
            private OptionalInt retval = OptionalInt.empty();
            private Optional<Boolean> failure = Optional.empty();

            /** Returns it, with the result of another mode if it has none. */
            Expected expected(boolean otherwise) {
                return new Expected(
                        failure.orElse(otherwise),
                        log,
                        xlated.messages,
                        jited.messages,
                        stdout.messages,
                        stderr.messages,
                        retval);
            }
        }

        void read(Tag tag) {
            boolean unprivileged = tag.name().endsWith("_unpriv");
            String name = unprivileged ? tag.name().substring(0, tag.name().length() - "_unpriv".length()) : tag.name();
            Side side = unprivileged ? unpriv : priv;
            Mode mode = unprivileged ? Mode.UNPRIVILEGED : Mode.PRIVILEGED;
            if (tag.value().isEmpty()) {
                flag(tag, name, side, mode);
            } else if (!expectation(name, tag.value().get(), side, mode)
                    && (unprivileged
                            ? !ofUnprivileged(name, tag.value().get())
                            : !ofProgram(name, tag.value().get()))) {
                throw unknown(tag);
            }
        }

        private static IllegalArgumentException unknown(Tag tag) {
            return new IllegalArgumentException("the annotation " + tag.name()
                    + " is not known: it is newer than this ksplat, or misspelt; what it demands was not checked");
        }

        private void flag(Tag tag, String name, Side side, Mode mode) {
            switch (name) {
                case "test_expect_success", "test_expect_failure" ->
                    side.failure = Optional.of(name.equals("test_expect_failure"));
                case "test_auxiliary" -> auxiliary = true;
                case "test_log_always" -> {
                    // test_loader has no branch for it, either.
                    return;
                }
                default -> throw unknown(tag);
            }
            modes.add(mode);
        }

        /** Returns false if it is none of the annotations that both modes have. */
        private boolean expectation(String name, String value, Side side, Mode mode) {
            switch (name) {
                case "test_expect_msg", "test_expect_not_msg" ->
                    side.log = side.log.and(Message.of(value, false, name.equals("test_expect_not_msg")));
                case "test_expect_regex" -> side.log = side.log.and(Message.ofRegex(value));
                case "test_expect_xlated" -> side.xlated.add(value);
                case "test_jited" -> {
                    if (architectures.isEmpty()) {
                        throw new IllegalArgumentException("__jited before __arch_*");
                    }
                    if (!ownArchitecture) {
                        return true;
                    }
                    side.jited.add(value);
                }
                case "test_retval" ->
                    side.retval = OptionalInt.of(
                            value.equals("_INT_MIN") ? Integer.MIN_VALUE : Numbers.integer(value, "__retval"));
                case "test_expect_stderr" -> {
                    side.stderr.add(value);
                    return true;
                }
                case "test_expect_stdout" -> {
                    side.stdout.add(value);
                    return true;
                }
                default -> {
                    return false;
                }
            }
            modes.add(mode);
            return true;
        }

        private boolean ofUnprivileged(String name, String value) {
            if (!name.equals("test_caps")) {
                return false;
            }
            for (String number : value.split("\\|", -1)) {
                int capability = Numbers.integer(number, "__caps_unpriv");
                if (capability < 1 || capability > 63) {
                    throw new IllegalArgumentException("__caps_unpriv(" + value + ") names no capability");
                }
                capabilities |= 1L << capability;
            }
            modes.add(Mode.UNPRIVILEGED);
            return true;
        }

        private boolean ofProgram(String name, String value) {
            switch (name) {
                case "test_description" -> description = Optional.of(value);
                case "test_skip" -> skipped = Optional.of(value);
                case "test_log_level" -> logLevel = Numbers.integer(value, "__log_level");
                case "test_prog_flags" -> flags = flags.with(value);
                case "test_arch" -> {
                    if (!ARCHITECTURES.contains(value)) {
                        throw new IllegalArgumentException("the architecture " + value + " is not known");
                    }
                    architectures.add(value);
                    ownArchitecture = value.equals(ARCHITECTURE);
                    priv.jited.next = true;
                    unpriv.jited.next = true;
                }
                case "load_mode" -> {
                    if (!value.equals("jited") && !value.equals("no_jited")) {
                        throw new IllegalArgumentException("the load mode " + value + " is not known");
                    }
                    jit = Optional.of(value.equals("jited"));
                }
                case "test_linear_size" -> linearSize = Numbers.integer(value, "__linear_size");
                case "test_btf_path" -> btf = Optional.of(value);
                case "test_btf_func_path" -> unsupported.add("__btf_func_path");
                default -> {
                    return false;
                }
            }
            return true;
        }

        Annotations end() {
            if (modes.isEmpty()) {
                modes.add(Mode.PRIVILEGED);
            }
            Expected privileged = priv.expected(false);
            return new Annotations(
                    modes,
                    auxiliary,
                    description,
                    privileged,
                    unpriv.expected(privileged.failure()).orElse(privileged),
                    logLevel,
                    flags,
                    architectures,
                    jit,
                    capabilities,
                    linearSize,
                    skipped,
                    btf,
                    unsupported);
        }
    }
}
