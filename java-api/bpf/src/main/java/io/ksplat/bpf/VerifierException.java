// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * The kernel's verifier refused a program: no fault of ksplat's, and a verdict of its own. The message is the line that says why,
 * {@link #log()} the whole of what the verifier said.
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

    private final String program;

    /**
     * A refusal.
     *
     * @param program its C name
     * @param errno what the load failed with, positive
     * @param log the verifier's, whole
     */
    public VerifierException(String program, int errno, String log) {
        super("the verifier refused " + program + ": " + reason(log), log, errno);
        this.program = program;
    }

    /** The name of the program that was refused. */
    public String program() {
        return program;
    }

    /** The last line of the log that says why, not what may follow it: statistics, and from 7.3 on an explanation of many lines. */
    static String reason(String log) {
        String reason = "no log";
        for (String line : log.lines().toList()) {
            if (line.startsWith(EXPLANATION)) {
                return reason.equals("no log") ? line.substring(EXPLANATION.length()) : reason;
            }
            if (!line.isBlank()
                    && !line.startsWith("processed ")
                    && !line.startsWith("-- ")
                    && !line.startsWith("verification time ")
                    && !line.startsWith("stack depth ")) {
                reason = line.strip();
            }
        }
        return reason;
    }
}
