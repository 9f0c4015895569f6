// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A job that KernelCI offers to labs.
 *
 * @param node its number
 * @param runtime the lab that it is for
 * @param definition where the job's definition is
 * @param parent the node that it is about, for example a build
 */
record JobEvent(String node, String runtime, String platform, URI definition, Optional<String> parent) {
    private static final Pattern NUMBER = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    /**
     * Reads an event of {@code GET /events?kind=job&recursive=true}.
     *
     * @throws IllegalArgumentException in one line, if it is none of a job for a lab
     */
    static JobEvent parse(JsonNode event) {
        JsonNode node = event.path("node");
        String id = number(node.path("id"));
        String parent = node.path("parent").asText("");
        return new JobEvent(
                id,
                node.at("/data/runtime").asText(""),
                node.at("/data/platform").asText(""),
                address(node.at("/artifacts/job_definition").asText(""), "the job " + id + " has no job_definition"),
                Optional.of(parent).filter(NUMBER.asMatchPredicate()));
    }

    /** Returns a node's number, which names a folder, too. */
    static String number(JsonNode node) {
        String id = node.asText("");
        if (!NUMBER.matcher(id).matches()) {
            throw new IllegalArgumentException("an event has no number of a node");
        }
        return id;
    }

    /** Returns whether a text could be the number of a node. */
    static boolean isNumber(String text) {
        return NUMBER.matcher(text).matches();
    }

    /** Reads an address that a job names. */
    static URI address(String text, String otherwise) {
        try {
            URI address = new URI(text);
            boolean http =
                    "http".equalsIgnoreCase(address.getScheme()) || "https".equalsIgnoreCase(address.getScheme());
            if (http && address.getHost() != null && address.getUserInfo() == null) {
                return address;
            }
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(otherwise + " that could be fetched", e);
        }
        throw new IllegalArgumentException(otherwise + " that could be fetched");
    }
}
