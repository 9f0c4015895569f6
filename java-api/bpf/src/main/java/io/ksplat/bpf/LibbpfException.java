// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.io.IOException;

/**
 * libbpf failed, or its input is malformed. The message is one line.
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

    /** Reports a failure with what libbpf printed. */
    public LibbpfException(String message, String log) {
        super(message);
        this.log = log;
    }

    /** Reports a failure with its cause. */
    public LibbpfException(String message, Throwable cause) {
        super(message, cause);
        this.log = "";
    }

    /** Reports a failure. */
    public LibbpfException(String message) {
        this(message, "");
    }

    /** Returns the warnings and information that libbpf printed during the call; may be empty. */
    public String log() {
        return log;
    }
}
