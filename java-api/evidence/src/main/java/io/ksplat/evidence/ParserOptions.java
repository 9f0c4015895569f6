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
 */
public record ParserOptions(Set<Noise> caused) {
    /** For a console of an undisturbed machine. */
    public static final ParserOptions DEFAULT = new ParserOptions(Set.of());

    /** For a console of a machine that gets injected NMIs. */
    public static final ParserOptions NMI_EXPERIMENT = new ParserOptions(Set.of(Noise.values()));

    public ParserOptions {
        caused = Set.copyOf(caused);
    }
}
