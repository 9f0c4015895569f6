// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import java.util.Arrays;
import java.util.Optional;

/** Where in a scenario's own code an exception came from. */
public final class CodeLine {
    private CodeLine() {}

    /**
     * Returns the file and the line of the first frame of a class, or of one in it; empty if the exception has none.
     *
     * @param code the class of the scenario's code
     */
    public static Optional<String> in(Throwable thrown, Class<?> code) {
        String outermost = code.getNestHost().getName();
        return Arrays.stream(thrown.getStackTrace())
                .filter(frame -> frame.getClassName().equals(outermost)
                        || frame.getClassName().startsWith(outermost + "$"))
                .filter(frame -> frame.getFileName() != null && frame.getLineNumber() > 0)
                .findFirst()
                .map(frame -> frame.getFileName() + ":" + frame.getLineNumber());
    }
}
