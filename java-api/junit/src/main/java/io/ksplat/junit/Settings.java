// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.NmiMode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
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
 * @param more {@code ksplat.more}: how many attempts of the same are to follow, 0 where nobody knows
 * @param report {@code ksplat.report}: the report's folder
 * @param fresh {@code ksplat.fresh}: boot every machine cold, instead of restoring it from a template
 * @param anchor {@code ksplat.anchor} and {@code ksplat.anchor.folder}: freeze the machine there, instead of sending its first NMI
 * @param accelerator {@code ksplat.accelerator}: {@code kvm} or {@code tcg}; found by booting where it is not given
 * @param fragments {@code ksplat.config}: files with lines of a kernel's configuration, separated by commas, on top of the profile
 *     of a kernel that is built
 * @param keepDead {@code ksplat.keep-dead}: leave the first machine that ends with evidence stopped, for a debugger
 * @param vmcore {@code ksplat.vmcore}: write the memory of each machine that ends with evidence into the run's folder
 * @param container {@code ksplat.container}: the image in whose containers machines run, each in one of its own; needs
 *     {@code io.ksplat:ksplat-container} on the class path. Machines boot cold there, and neither are kept nor dumped
 */
public record Settings(
        KernelSpec kernel,
        Optional<Verdict> expect,
        NmiMode nmi,
        int attempt,
        int more,
        Path report,
        boolean fresh,
        Optional<Anchoring> anchor,
        Optional<Accelerator> accelerator,
        List<Path> fragments,
        boolean keepDead,
        boolean vmcore,
        Optional<String> container) {

    /**
     * That a reproducer is only to be armed.
     *
     * @param symbol the kernel function before whose first instruction its machine is frozen
     * @param hit {@code ksplat.anchor.hit}: the how manieth time that its CPU comes by there, 1 by default
     * @param folder gets the frozen machine; its file system must hold the guest's memory
     */
    public record Anchoring(String symbol, int hit, Path folder) {}

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
        public static final String MORE = "ksplat.more";
        public static final String REPORT = "ksplat.report";
        /** Of a parameterised reproducer, this case alone. */
        public static final String CASE = "ksplat.case";

        public static final String ANCHOR = "ksplat.anchor";
        public static final String ANCHOR_HIT = "ksplat.anchor.hit";
        public static final String ANCHOR_FOLDER = "ksplat.anchor.folder";
        public static final String FRESH = "ksplat.fresh";
        public static final String ACCELERATOR = "ksplat.accelerator";
        public static final String CONFIG = "ksplat.config";
        public static final String KEEP_DEAD = "ksplat.keep-dead";
        public static final String VMCORE = "ksplat.vmcore";
        public static final String CONTAINER = "ksplat.container";

        /** Whether the files of a run that did not go as expected are attached to the test, true by default. */
        public static final String ATTACH = "ksplat.attach";

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
                        parameters
                                .apply(Keys.ATTEMPT)
                                .map(text -> number(Keys.ATTEMPT, 1, text))
                                .orElse(1),
                        parameters
                                .apply(Keys.MORE)
                                .map(text -> number(Keys.MORE, 0, text))
                                .orElse(0),
                        parameters.apply(Keys.REPORT).map(Path::of).orElse(DEFAULT_REPORT),
                        flag(parameters, Keys.FRESH),
                        parameters.apply(Keys.ANCHOR).map(symbol -> anchoring(symbol, parameters)),
                        parameters.apply(Keys.ACCELERATOR).map(text -> word(Accelerator.class, Keys.ACCELERATOR, text)),
                        parameters.apply(Keys.CONFIG).stream()
                                .flatMap(text -> Arrays.stream(text.split(",")))
                                .map(Path::of)
                                .toList(),
                        flag(parameters, Keys.KEEP_DEAD),
                        flag(parameters, Keys.VMCORE),
                        parameters.apply(Keys.CONTAINER))
                .checked();
    }

    /** What needs QEMU on this host goes with no container. */
    private Settings checked() {
        if (container.isPresent() && (keepDead || vmcore || anchor.isPresent())) {
            String what = keepDead ? Keys.KEEP_DEAD : vmcore ? Keys.VMCORE : Keys.ANCHOR;
            throw new IllegalArgumentException(
                    what + " needs QEMU on this host, and does not go with " + Keys.CONTAINER + ": leave one out");
        }
        return this;
    }

    private static boolean flag(Function<String, Optional<String>> parameters, String key) {
        String text = parameters.apply(key).orElse("false");
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(key + " is true or false, not \"" + text + "\"");
        };
    }

    private static Anchoring anchoring(String symbol, Function<String, Optional<String>> parameters) {
        return new Anchoring(
                symbol,
                parameters
                        .apply(Keys.ANCHOR_HIT)
                        .map(text -> number(Keys.ANCHOR_HIT, 1, text))
                        .orElse(1),
                parameters
                        .apply(Keys.ANCHOR_FOLDER)
                        .map(Path::of)
                        .orElseThrow(() -> new IllegalArgumentException(Keys.ANCHOR + " needs " + Keys.ANCHOR_FOLDER
                                + ", an empty folder for the frozen machine")));
    }

    private static int number(String key, int from, String text) {
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < from) {
            throw new IllegalArgumentException(key + " is a number from " + from + ", not \"" + text + "\"");
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
