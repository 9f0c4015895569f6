// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.util.regex.Pattern;

/**
 * The kernel's verifier refused a program. The message has the line with the reason; {@link #log()} is the whole log of the verifier.
 *
 * <pre>{@code
 * try (BpfObject bpf = BpfObject.open(file).load(target)) {
 *     bpf.program("on_nmi").attach();
 * } catch (VerifierException refusal) {
 *     System.err.println(refusal.getMessage());
 *     Files.writeString(Path.of("verifier.log"), refusal.log());
 * }
 * }</pre>
 */
public final class VerifierException extends BpfException {
    private static final long serialVersionUID = 1;

    private static final String EXPLANATION = "Verification failed: ";

    /**
     * Follows the reason: statistics (print_verification_stats() in kernel/bpf/verifier.c), libbpf's frame of a log, and the states of a
     * loop that never ends (kernel/bpf/states.c; before 7.3 in verifier.c).
     */
    private static final Pattern AFTERWORD = Pattern.compile("processed \\d.*|verification time \\d.*|stack depth .*"
            + "|subprog \\d+ \\(.*\\) .* insns_self \\d.*|-- .*|(cur|old) state:.*");

    private final String program;

    /**
     * Reports a refusal.
     *
     * @param program the C name of the program
     * @param errno the positive error number of the load
     * @param log the whole log of the verifier
     */
    public VerifierException(String program, int errno, String log) {
        super("the verifier refused " + program + ": " + reason(log), log, errno);
        this.program = program;
    }

    /** Returns the C name of the program. */
    public String program() {
        return program;
    }

    /** Finds the line of the log with the reason. Since 7.3 an explanation of many lines follows it. */
    static String reason(String log) {
        String reason = "no log";
        for (String line : log.lines().toList()) {
            if (line.startsWith(EXPLANATION)) {
                return reason.equals("no log") ? line.substring(EXPLANATION.length()) : reason;
            }
            if (!line.isBlank() && !AFTERWORD.matcher(line).matches()) {
                reason = line.strip();
            }
        }
        return reason;
    }
}
