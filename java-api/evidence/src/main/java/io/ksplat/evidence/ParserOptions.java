// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Set;

/**
 * Options of a {@link ConsoleParser}.
 *
 * <pre>{@code
 * Consumer<Evidence> sink = System.out::println;
 * ConsoleParser parser = new ConsoleParser(sink, new ParserOptions(Set.of(Noise.UNKNOWN_NMI)));
 * }</pre>
 *
 * @param caused the noise that the caller causes and that is not evidence
 * @param facility whether the console prints the facility and level of each record of the kernel ({@code console_msg_format=syslog}).
 *     Then only what has the kernel's facility is evidence: user space can write anything else
 */
public record ParserOptions(Set<Noise> caused, boolean facility) {
    /** For a console of an undisturbed machine. */
    public static final ParserOptions DEFAULT = new ParserOptions(Set.of());

    /** For a console of a machine that gets injected NMIs. */
    public static final ParserOptions NMI_EXPERIMENT = new ParserOptions(Set.of(Noise.values()));

    public ParserOptions {
        caused = Set.copyOf(caused);
    }

    /** Creates options for a text that is believed whoever wrote it. */
    public ParserOptions(Set<Noise> caused) {
        this(caused, false);
    }

    /** Returns the same for a console that prints facilities. */
    public ParserOptions withFacility() {
        return new ParserOptions(caused, true);
    }
}
