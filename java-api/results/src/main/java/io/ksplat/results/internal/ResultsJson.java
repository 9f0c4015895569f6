// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.results.internal.wire.ReportJson;
import java.util.List;

/** Evidence as a tree, for a caller that still adds fields to it; others use {@link ReportJson}. */
public final class ResultsJson {
    private ResultsJson() {}

    /** Returns one piece of evidence. */
    public static ObjectNode evidence(Evidence found) {
        try {
            return (ObjectNode) new ObjectMapper()
                    .readTree(ReportJson.evidenceLine("", List.of(found)))
                    .path("evidence")
                    .path(0);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what was just written is no JSON", e);
        }
    }
}
