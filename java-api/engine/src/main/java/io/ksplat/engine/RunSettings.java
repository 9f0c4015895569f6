// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.engine.internal.CaptureHook;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.machine.NmiMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * What one run is told from outside.
 *
 * @param kernel {@code ksplat.kernel}: the kernel spec, by default {@link #DEFAULT_KERNEL}
 * @param expect {@code ksplat.expect}: the verdict that makes a run green, instead of what the scenario expects
 * @param nmi {@code ksplat.nmi}: {@code as-written}, {@code none} or {@code storm:RATE}
 * @param attempt {@code ksplat.attempt}: the run's number in the report, from 1
 * @param more {@code ksplat.more}: how many attempts of the same are to follow, 0 if nobody knows
 * @param report {@code ksplat.report}: the report's folder
 * @param fresh {@code ksplat.fresh}: boot every machine cold, instead of restoring it from a template
 * @param keepDead {@code ksplat.keep-dead}: leave the first machine that ends with evidence stopped, for a debugger
 * @param vmcore {@code ksplat.vmcore}: write the memory of each machine that ends with evidence into the run's folder
 * @param busy {@code ksplat.busy}, in seconds: how long a vCPU may run without a sign of life, by default {@link #DEFAULT_BUSY}
 * @param capture what takes the place of the run's first NMI; such a run is neither judged nor reported
 */
public record RunSettings(
        KernelSpec kernel,
        Optional<Verdict> expect,
        NmiMode nmi,
        int attempt,
        int more,
        Path report,
        boolean fresh,
        boolean keepDead,
        boolean vmcore,
        Duration busy,
        Optional<Capture> capture) {

    /**
     * That a scenario is only to be armed.
     *
     * @param hook comes in the place of its first NMI, and ends the run there
     * @param folder holds the machine's memory and the files of the run; its file system must have room for them
     */
    public record Capture(CaptureHook hook, Path folder) {}

    /** A recent series that shows the bugs of the catalogue. */
    public static final String DEFAULT_KERNEL = "debian:7.2";

    /**
     * How long a vCPU may run, in its own run time, without a heartbeat, user code or idling: the kernel's own soft lockup threshold,
     * twice {@code watchdog_thresh} (kernel/watchdog.c). A CPU that waits for no lock that long is evidence {@code cpu-busy}.
     */
    public static final Duration DEFAULT_BUSY = Duration.ofSeconds(20);

    /** The forms of a kernel spec, for help texts. */
    public static final String KERNEL_FORMS = KernelSpec.FORMS;

    /** The folder of a report that nobody named. */
    public static final Path DEFAULT_REPORT = Path.of("ksplat-report");

    /** Names of the parameters: JUnit configuration parameters or system properties. */
    public static final class Keys {
        public static final String KERNEL = "ksplat.kernel";
        public static final String EXPECT = "ksplat.expect";
        public static final String NMI = "ksplat.nmi";
        public static final String ATTEMPT = "ksplat.attempt";
        public static final String MORE = "ksplat.more";
        public static final String REPORT = "ksplat.report";
        public static final String FRESH = "ksplat.fresh";
        public static final String KEEP_DEAD = "ksplat.keep-dead";
        public static final String VMCORE = "ksplat.vmcore";
        public static final String BUSY = "ksplat.busy";
        /** Of a session: {@code kvm} or {@code tcg}; found by booting if it is not given. */
        public static final String ACCELERATOR = "ksplat.accelerator";
        /** Of a session: files with lines of a kernel's configuration, separated by commas. */
        public static final String CONFIG = "ksplat.config";
        /**
         * Of a session: the image in whose containers machines run, each in one of its own; needs {@code io.ksplat:ksplat-container}
         * on the class path. Machines boot cold there, and are neither kept nor dumped.
         */
        public static final String CONTAINER = "ksplat.container";

        private Keys() {}
    }

    /** Returns settings of a first and only run, with a report in the default folder. */
    public static RunSettings of(KernelSpec kernel) {
        return new RunSettings(
                kernel,
                Optional.empty(),
                NmiMode.AS_WRITTEN,
                1,
                0,
                DEFAULT_REPORT,
                false,
                false,
                false,
                DEFAULT_BUSY,
                Optional.empty());
    }

    /** Returns settings with a kernel spec in words. */
    public static RunSettings of(String kernel) {
        return of(KernelSpec.parse(kernel));
    }

    /**
     * Reads them.
     *
     * @param parameters gives a parameter's value by its key
     * @throws IllegalArgumentException in one line, if a value makes no sense
     */
    public static RunSettings read(Function<String, Optional<String>> parameters) {
        RunSettings settings = new RunSettings(
                KernelSpec.parse(parameters.apply(Keys.KERNEL).orElse(DEFAULT_KERNEL)),
                parameters.apply(Keys.EXPECT).map(text -> word(Verdict.class, Keys.EXPECT, text)),
                parameters.apply(Keys.NMI).map(text -> mode(Keys.NMI, text)).orElse(NmiMode.AS_WRITTEN),
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
                flag(parameters, Keys.KEEP_DEAD),
                flag(parameters, Keys.VMCORE),
                parameters
                        .apply(Keys.BUSY)
                        .map(text -> Duration.ofSeconds(number(Keys.BUSY, 1, text)))
                        .orElse(DEFAULT_BUSY),
                Optional.empty());
        if (parameters.apply(Keys.CONTAINER).isPresent() && (settings.keepDead || settings.vmcore)) {
            throw new IllegalArgumentException((settings.keepDead ? Keys.KEEP_DEAD : Keys.VMCORE)
                    + " needs QEMU on this host, and does not go with " + Keys.CONTAINER + ": leave one out");
        }
        return settings;
    }

    /**
     * Returns these with the verdict by its name that makes a run green.
     *
     * @throws IllegalArgumentException if there is no such verdict
     */
    public RunSettings expecting(String verdict) {
        return new RunSettings(
                kernel,
                Optional.of(word(Verdict.class, "--expect", verdict)),
                nmi,
                attempt,
                more,
                report,
                fresh,
                keepDead,
                vmcore,
                busy,
                capture);
    }

    /**
     * Returns these with an NMI mode by its name.
     *
     * @throws IllegalArgumentException if there is no such mode
     */
    public RunSettings sending(String mode) {
        return new RunSettings(
                kernel, expect, mode("--nmi", mode), attempt, more, report, fresh, keepDead, vmcore, busy, capture);
    }

    /** Returns these with machines that boot cold. */
    public RunSettings booting(boolean cold) {
        return new RunSettings(kernel, expect, nmi, attempt, more, report, cold, keepDead, vmcore, busy, capture);
    }

    /** Returns these with what is left of machines that end with evidence. */
    public RunSettings keeping(boolean dead, boolean memory) {
        return new RunSettings(kernel, expect, nmi, attempt, more, report, fresh, dead, memory, busy, capture);
    }

    /** Returns these with a limit of a vCPU's run time without a sign of life. */
    public RunSettings busyAfter(Duration limit) {
        return new RunSettings(kernel, expect, nmi, attempt, more, report, fresh, keepDead, vmcore, limit, capture);
    }

    /** Returns the kernel spec in words. */
    public String kernelText() {
        return kernel.toString();
    }

    /** Returns these on another kernel. */
    public RunSettings on(KernelSpec other) {
        return new RunSettings(other, expect, nmi, attempt, more, report, fresh, keepDead, vmcore, busy, capture);
    }

    /** Returns these for an attempt, after which {@code more} follow. */
    public RunSettings numbered(int number, int following) {
        return new RunSettings(kernel, expect, nmi, number, following, report, fresh, keepDead, vmcore, busy, capture);
    }

    /** Returns these with another report folder. */
    public RunSettings reportedIn(Path folder) {
        return new RunSettings(kernel, expect, nmi, attempt, more, folder, fresh, keepDead, vmcore, busy, capture);
    }

    /** Returns these for a run whose first NMI something else takes the place of. */
    public RunSettings capturedBy(Capture other) {
        return new RunSettings(
                kernel, expect, nmi, attempt, more, report, fresh, keepDead, vmcore, busy, Optional.of(other));
    }

    private static boolean flag(Function<String, Optional<String>> parameters, String key) {
        String text = parameters.apply(key).orElse("false");
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(key + " is true or false, not \"" + text + "\"");
        };
    }

    private static int number(String key, int from, String text) {
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < from) {
            throw new IllegalArgumentException(key + " is a number from " + from + ", not \"" + text + "\"");
        }
        return Integer.parseInt(text);
    }

    private static NmiMode mode(String key, String text) {
        try {
            return NmiMode.parse(text.toLowerCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
        }
    }

    static <E extends Enum<E>> E word(Class<E> type, String key, String text) {
        String name = text.toUpperCase(Locale.ROOT).replace('-', '_');
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> constant.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(key + " is one of "
                        + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT) + ", not \"" + text
                        + "\""));
    }
}
