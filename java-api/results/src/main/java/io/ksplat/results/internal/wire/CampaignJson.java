// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.results.internal.campaign.BenchRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import io.ksplat.results.internal.campaign.CampaignRecord;
import io.ksplat.results.internal.campaign.HistoryRecord;
import io.ksplat.results.internal.campaign.HuntRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** What many runs together say, as one line of JSON. */
public final class CampaignJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** How each kind begins. */
    private static final Pattern HEAD = Pattern.compile(
            "\\s*\\{\\s*\"(verdict\"\\s*:\\s*\"[A-Z ]+\"\\s*,\\s*\"errorBound|reproducer|bench|history)\"");

    private static final int HEAD_BYTES = 200;
    private static final long MOST_BYTES = 256L << 20;

    private CampaignJson() {}

    public static String line(CampaignRecord record) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = MAPPER.createGenerator((Writer) line)) {
            if (record instanceof SweepRecord sweep) {
                Values.object(CampaignForms.SWEEP).write(sweep, json);
            } else if (record instanceof BisectRecord bisect) {
                Values.object(CampaignForms.BISECT).write(bisect, json);
            } else if (record instanceof PatchRecord patch) {
                Values.object(CampaignForms.PATCH).write(patch, json);
            } else if (record instanceof BenchRecord bench) {
                Values.object(CampaignForms.BENCH).write(bench, json);
            } else if (record instanceof HuntRecord hunt) {
                Values.object(CampaignForms.HUNT).write(hunt, json);
            } else if (record instanceof HistoryRecord history) {
                Values.object(HistoryForms.HISTORY).write(history, json);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return line.toString();
    }

    /**
     * Reads a file.
     *
     * @param kind what {@link CampaignRecord#kind} returns
     * @throws IOException in one line, if it is damaged
     */
    public static CampaignRecord read(Path file, String kind) throws IOException {
        if (Files.size(file) > MOST_BYTES) {
            throw new IOException(file + " is damaged: it has more than " + (MOST_BYTES >> 20) + " MiB");
        }
        try {
            JsonNode tree = MAPPER.readTree(file.toFile());
            return Values.object(form(kind)).read(tree, Place.top(""));
        } catch (DamagedException e) {
            throw new IOException(file + " is damaged: " + e.what(), e);
        } catch (JsonProcessingException | CharConversionException e) {
            throw new IOException(file + " is damaged: it is no JSON", e);
        }
    }

    private static Form<? extends CampaignRecord> form(String kind) {
        return switch (kind) {
            case "sweep" -> CampaignForms.SWEEP;
            case "bisect" -> CampaignForms.BISECT;
            case "patch" -> CampaignForms.PATCH;
            case "bench" -> CampaignForms.BENCH;
            case "hunt" -> CampaignForms.HUNT;
            case "history" -> HistoryForms.HISTORY;
            default -> throw new IllegalArgumentException("there is no record of " + kind);
        };
    }

    /** Returns whether ksplat wrote a file: what it did not write, it never removes. */
    public static boolean isRecord(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return HEAD.matcher(new String(in.readNBytes(HEAD_BYTES), StandardCharsets.UTF_8))
                    .lookingAt();
        }
    }
}
