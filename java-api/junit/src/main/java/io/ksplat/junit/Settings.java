// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.nmi.NmiMode;
import io.ksplat.vm.Accelerator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a run may be told from outside: JUnit configuration parameters or system properties.
 *
 * @param kernel {@code ksplat.kernel}: the kernel spec, by default {@link #DEFAULT_KERNEL}
 * @param expect {@code ksplat.expect}: the verdict that makes a run green, instead of what {@link Expect} says
 * @param nmi {@code ksplat.nmi}: {@code as-written} or {@code none}
 * @param attempt {@code ksplat.attempt}: the run's number in the report, from 1
 * @param report {@code ksplat.report}: the report's folder
 * @param fresh {@code ksplat.fresh}: boot every machine cold, instead of restoring it from a template
 * @param accelerator {@code ksplat.accelerator}: {@code kvm} or {@code tcg}; found by booting where it is not given
 */
public record Settings(
        KernelSpec kernel,
        Optional<Verdict> expect,
        NmiMode nmi,
        int attempt,
        Path report,
        boolean fresh,
        Optional<Accelerator> accelerator) {

    /** A recent series that shows the bugs of the catalogue. */
    public static final String DEFAULT_KERNEL = "debian:7.2";

    /** The folder of a report that nobody named. */
    public static final Path DEFAULT_REPORT = Path.of("ksplat-report");

    /** Names of the parameters. */
    public static final class Keys {
        public static final String KERNEL = "ksplat.kernel";
        public static final String EXPECT = "ksplat.expect";
        public static final String NMI = "ksplat.nmi";
        public static final String ATTEMPT = "ksplat.attempt";
        public static final String REPORT = "ksplat.report";
        /** Of a parameterised reproducer, this case alone. */
        public static final String CASE = "ksplat.case";

        public static final String FRESH = "ksplat.fresh";
        public static final String ACCELERATOR = "ksplat.accelerator";

        private Keys() {}
    }

    /**
     * Reads them.
     *
     * @param parameters gives a parameter's value by its key
     * @throws IllegalArgumentException in one line, where a value makes no sense
     */
    static Settings read(Function<String, Optional<String>> parameters) {
        return new Settings(
                KernelSpec.parse(parameters.apply(Keys.KERNEL).orElse(DEFAULT_KERNEL)),
                parameters.apply(Keys.EXPECT).map(text -> word(Verdict.class, Keys.EXPECT, text)),
                parameters
                        .apply(Keys.NMI)
                        .map(text -> word(NmiMode.class, Keys.NMI, text))
                        .orElse(NmiMode.AS_WRITTEN),
                parameters.apply(Keys.ATTEMPT).map(Settings::attempt).orElse(1),
                parameters.apply(Keys.REPORT).map(Path::of).orElse(DEFAULT_REPORT),
                parameters.apply(Keys.FRESH).map(Settings::flag).orElse(false),
                parameters.apply(Keys.ACCELERATOR).map(text -> word(Accelerator.class, Keys.ACCELERATOR, text)));
    }

    private static boolean flag(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(Keys.FRESH + " is true or false, not \"" + text + "\"");
        };
    }

    private static int attempt(String text) {
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw new IllegalArgumentException(Keys.ATTEMPT + " is a number from 1, not \"" + text + "\"");
        }
        return Integer.parseInt(text);
    }

    private static <E extends Enum<E>> E word(Class<E> type, String key, String text) {
        String name = text.toUpperCase(Locale.ROOT).replace('-', '_');
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> constant.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(key + " is one of "
                        + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT) + ", not \"" + text
                        + "\""));
    }
}
