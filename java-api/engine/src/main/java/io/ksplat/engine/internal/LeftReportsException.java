// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.Evidence;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** That a machine was found with reports of the run before: nothing that another run does there tells anything. */
public final class LeftReportsException extends IOException {
    private static final long serialVersionUID = 1;
    private final transient List<Evidence> evidence;

    LeftReportsException(List<Evidence> evidence) {
        super("reported on its machine before it began, after another run: " + titles(evidence));
        this.evidence = List.copyOf(evidence);
    }

    public List<Evidence> evidence() {
        return evidence;
    }

    /** Returns the titles, in one line. */
    public static String titles(List<Evidence> evidence) {
        return evidence.stream().map(Evidence::title).distinct().collect(Collectors.joining(", "));
    }
}
