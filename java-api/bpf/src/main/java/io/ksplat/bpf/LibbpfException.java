// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.io.IOException;

/**
 * Something that libbpf was asked for did not work, or its input is malformed. The message is one line.
 *
 * <pre>{@code
 * try {
 *     BpfObjectFile.read(Path.of("mine.bpf.o"));
 * } catch (LibbpfException e) {
 *     System.out.println(e.log());            // what libbpf printed
 * }
 * }</pre>
 */
public final class LibbpfException extends IOException {
    private final String log;

    public LibbpfException(String message, String log) {
        super(message);
        this.log = log;
    }

    public LibbpfException(String message, Throwable cause) {
        super(message, cause);
        this.log = "";
    }

    public LibbpfException(String message) {
        this(message, "");
    }

    /** What libbpf printed during the call, warnings and information; empty where it said nothing. */
    public String log() {
        return log;
    }
}
