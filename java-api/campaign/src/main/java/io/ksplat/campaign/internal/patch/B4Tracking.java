// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What b4 knows of a series that it has on a review branch, from the file that {@code B4_TRACKING_FILE} names.
 *
 * @param messageId of the mail that stands for the series: the cover letter, or the first patch
 * @param first the commit of the first patch; the last is the one before the tip of the branch, which holds b4's own record
 */
record B4Tracking(String messageId, String changeId, String first) {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{7,64}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+@-]*");

    /** Reads the file; returns nothing if it tells of no commits. */
    static Optional<B4Tracking> read(Path file) throws KernelException {
        JsonNode series;
        try {
            series = new ObjectMapper().readTree(file.toFile()).path("series");
        } catch (IOException e) {
            throw new KernelException("cannot read " + file + ", which B4_TRACKING_FILE names: it is no JSON", e);
        }
        String id = series.path("header-info").path("msgid").asText();
        String change = series.path("change-id").asText();
        String first = series.path("first-patch-commit").asText();
        boolean whole = COMMIT.matcher(first).matches()
                && NAME.matcher(change).matches()
                && !change.contains("..")
                && !id.isEmpty();
        return whole ? Optional.of(new B4Tracking(id, change, first)) : Optional.empty();
    }

    /** Returns the commit that the series was applied to. */
    String base() {
        return first + "~1";
    }

    /** Writes the patches of the review branch as mails. */
    Path mails(Path repository, Path folder) throws IOException, InterruptedException, KernelException {
        Path nothing = Files.createFile(folder.resolve("empty"));
        Path mails = folder.resolve("branch.mbox");
        new Command(
                        DEADLINE,
                        List.of(
                                "git",
                                "-C",
                                repository.toString(),
                                // Whatever the user's own mails look like.
                                "-c",
                                "format.coverLetter=false",
                                "format-patch",
                                "--stdout",
                                "--numbered",
                                "--subject-prefix=PATCH",
                                "--no-attach",
                                "--no-signature",
                                "--no-ext-diff",
                                "--src-prefix=a/",
                                "--dst-prefix=b/",
                                "--binary",
                                first + "~1..refs/heads/b4/review/" + changeId + "~1"))
                .pipe(
                        ProcessBuilder.Redirect.from(nothing.toFile()),
                        out -> Files.copy(out, mails, StandardCopyOption.REPLACE_EXISTING));
        return mails;
    }
}
