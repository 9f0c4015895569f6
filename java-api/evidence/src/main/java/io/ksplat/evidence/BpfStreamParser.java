// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Finds {@link Evidence} in the text of a BPF program's stderr stream (BPF_PROG_STREAM_READ_BY_FD, Linux 6.17 and later).
 *
 * <pre>{@code
 * List<Evidence> found = BpfStreamParser.parse(bpf.program("take_two").stream(BpfStream.STDERR));
 * }</pre>
 */
public final class BpfStreamParser {
    private BpfStreamParser() {}

    /** Returns the reports of a stream in order. Their source is {@link Source#BPF_STREAM}. */
    public static List<Evidence> parse(String stream) {
        return ConsoleParser.parse(stream.getBytes(StandardCharsets.UTF_8)).stream()
                .filter(evidence -> evidence.source() == Source.BPF_STREAM)
                .toList();
    }
}
