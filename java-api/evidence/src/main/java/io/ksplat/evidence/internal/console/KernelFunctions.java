// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Knows where the kernel defines the functions of its infrastructure, from {@code kernel-functions.txt} beside this class. {@code src/main/functions}
 * has the program that writes it from the kernel's source.
 */
final class KernelFunctions {
    private static final String LIST = "kernel-functions.txt";

    /** A part of the kernel that any code may pass through. */
    enum Area {
        /** Prints reports, or lies between a problem and its report. */
        REPORT,
        /** kernel/locking and what it is built from. */
        LOCK,
        /** Between an interrupt, an exception or a system call and what handles it. */
        ENTRY,
        IDLE,
        /** kernel/time and drivers/clocksource. */
        TIME,
        /** The scheduler's core, and its ways to wait. */
        SCHED,
        RCU,
        /** kernel/workqueue.c and kernel/kthread.c. */
        WORK,
        ALLOC,
        /** The model of devices (drivers/base), what holds it in files, and buffers that drivers pass through. */
        CORE,
        LIB
    }

    /** Names that compilers and macros make, so that no source has them. */
    private static final Map<Pattern, Area> FAMILIES = Map.of(
            Pattern.compile("__(?:asan|hwasan|kasan|msan|tsan|kcsan|ubsan|sanitizer|kfence)_"), Area.REPORT,
            Pattern.compile("__x86_(?:indirect|return)_"), Area.ENTRY,
            Pattern.compile("__(?:traceiter|bpf_trace|probestub)_"), Area.ENTRY,
            // crates of the kernel and of the language, in both manglings of Rust: the first crate is that of the
            // function, others are of its types
            Pattern.compile(
                            "_R(?:N[a-zA-Z]|[MXYI]|s[0-9a-zA-Z]*_)*C(?:s[0-9a-zA-Z]*_)?(?:4core|5alloc|6kernel|17compiler_builtins|7___rustc)(?=\\d)"),
                    Area.LIB,
            Pattern.compile("_ZN(?:4core|5alloc|6kernel|17compiler_builtins)\\d"), Area.LIB);

    private static final Map<String, Area> AREAS = read();

    private KernelFunctions() {}

    private static Map<String, Area> read() {
        try (InputStream in = KernelFunctions.class.getResourceAsStream(LIST)) {
            if (in == null) {
                throw new IllegalStateException(LIST + " is not on the class path beside "
                        + KernelFunctions.class.getName() + ": rebuild the module");
            }
            Map<String, Area> areas = new HashMap<>(1 << 16);
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                    .lines()
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .forEach(line -> {
                        String[] words = line.split(" ", -1);
                        Area area = Area.valueOf(words[0].toUpperCase(Locale.ROOT));
                        for (int i = 1; i < words.length; i++) {
                            areas.put(words[i], area);
                        }
                    });
            return areas;
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + LIST + ": " + e.getMessage(), e);
        }
    }

    /** Returns the area of a function; empty if the infrastructure does not define it. */
    static Optional<Area> area(String function) {
        String plain = Names.plain(function);
        Optional<Area> listed = Optional.ofNullable(AREAS.get(plain));
        if (listed.isPresent() || plain.length() < 3) {
            return listed;
        }
        if (plain.charAt(0) == '_') {
            for (Map.Entry<Pattern, Area> family : FAMILIES.entrySet()) {
                if (family.getKey().matcher(plain).lookingAt()) {
                    return Optional.of(family.getValue());
                }
            }
        }
        return plain.startsWith("rust_helper_") ? Optional.of(Area.LIB) : Optional.empty();
    }
}
