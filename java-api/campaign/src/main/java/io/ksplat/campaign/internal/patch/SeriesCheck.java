// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.kernel.internal.build.DoesNotApplyException;
import java.net.URI;
import java.util.Locale;
import java.util.Optional;

/**
 * An answer to b4, which shows it in its matrix of checks.
 *
 * @param summary one line
 * @param page what the maintainer may open in a browser
 * @param details many lines
 */
public record SeriesCheck(Status status, String summary, Optional<URI> page, String details) {
    /** The column of the matrix. */
    private static final String TOOL = "ksplat";

    private static final String FAILED = "ksplat failed: ";
    private static final String DOES_NOT_APPLY = "DOES NOT APPLY: ";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** The words of b4. It shows any other as FAIL. */
    public enum Status {
        PASS,
        /** Nothing is known of the series. */
        WARN,
        /** The series is accused; or the check itself failed, which b4 shows like this as well if there is no answer. */
        FAIL
    }

    /** Returns the answer for the result of a trial. */
    public static SeriesCheck of(PatchResult result, String text, URI page) {
        Status status = switch (result.verdict()) {
            case CURES, CHANGES_NOTHING -> Status.PASS;
            case CHANGES, NO_BUG_ON_BASE, CANNOT_TELL -> Status.WARN;
            case BREAKS, DOES_NOT_CURE -> Status.FAIL;
        };
        return new SeriesCheck(status, result.verdict() + ": " + firstLine(result.why()), Optional.of(page), text);
    }

    /**
     * Returns the answer if there is no result: the series does not apply, or ksplat itself failed.
     *
     * @param told the error in words
     */
    public static SeriesCheck of(Exception e, String told) {
        return e instanceof DoesNotApplyException
                ? new SeriesCheck(
                        Status.FAIL, DOES_NOT_APPLY + firstLine(String.valueOf(e.getMessage())), Optional.empty(), told)
                : new SeriesCheck(
                        Status.FAIL,
                        FAILED + firstLine(told),
                        Optional.empty(),
                        told + "\n\nNothing is known of the series.");
    }

    /** Returns whether this tells of ksplat, and not of the series. */
    public boolean isOfKsplat() {
        return summary.startsWith(FAILED);
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    /** Returns what b4 reads: in ASCII, whatever the locale is. */
    public String json() {
        ArrayNode all = MAPPER.createArrayNode();
        ObjectNode one = all.addObject();
        one.put("tool", TOOL).put("status", status.name().toLowerCase(Locale.ROOT));
        one.put("summary", summary);
        page.ifPresent(address -> one.put("url", address.toString()));
        one.put("details", details);
        try {
            return MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII).writeValueAsString(all);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of text has no JSON", e);
        }
    }
}
