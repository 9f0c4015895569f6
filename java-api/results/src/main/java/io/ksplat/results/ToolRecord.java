// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.results.internal.Redactor;
import java.util.List;
import java.util.OptionalLong;

/**
 * The ksplat that made a run: what to call to make it again.
 *
 * @param version ksplat's version
 * @param arguments what it was called with
 * @param seed what its random choices began with
 */
public record ToolRecord(String version, List<String> arguments, OptionalLong seed) {
    public ToolRecord {
        arguments = List.copyOf(arguments);
    }

    /** Returns the record of this process, which made no random choice; its arguments are as in the other one. */
    public static ToolRecord of(String version, List<String> arguments) {
        Redactor redactor = Redactor.ofThisProcess();
        return new ToolRecord(version, arguments.stream().map(redactor::text).toList(), OptionalLong.empty());
    }

    /** Returns the record of this process, without the home folder, the working folder and the name of the host in its arguments. */
    public static ToolRecord of(String version, List<String> arguments, long seed) {
        Redactor redactor = Redactor.ofThisProcess();
        return new ToolRecord(version, arguments.stream().map(redactor::text).toList(), OptionalLong.of(seed));
    }
}
