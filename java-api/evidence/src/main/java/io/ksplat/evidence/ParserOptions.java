// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Set;

/**
 * What a {@link ConsoleParser} cannot know by itself.
 *
 * <pre>{@code
 * Consumer<Evidence> sink = System.out::println;
 * ConsoleParser parser = new ConsoleParser(sink, new ParserOptions(Set.of(Noise.UNKNOWN_NMI)));
 * }</pre>
 *
 * @param caused the noise that the caller makes and does not want reported
 */
public record ParserOptions(Set<Noise> caused) {
    /** A console that nobody plays with. */
    public static final ParserOptions DEFAULT = new ParserOptions(Set.of());

    /** A console of a machine that is shot at with NMIs. */
    public static final ParserOptions NMI_EXPERIMENT = new ParserOptions(Set.of(Noise.values()));

    public ParserOptions {
        caused = Set.copyOf(caused);
    }
}
