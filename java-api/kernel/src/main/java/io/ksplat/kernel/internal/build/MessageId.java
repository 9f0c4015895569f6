// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the ID of a mail. */
public final class MessageId {
    /** Folded, as long ones are. */
    private static final Pattern ID = Pattern.compile("(?im)^message-id:\\s*<([^>\\s]+)>");

    private static final int MOST_HEADER_BYTES = 1 << 18;

    private MessageId() {}

    /** Returns the ID of the first mail of a file, without its brackets. */
    public static Optional<String> of(Path mails) throws IOException {
        String text;
        try (InputStream in = Files.newInputStream(mails)) {
            text = new String(in.readNBytes(MOST_HEADER_BYTES), StandardCharsets.ISO_8859_1);
        }
        Matcher found = ID.matcher(text.split("\\r?\\n\\r?\\n", 2)[0]);
        return found.find() ? Optional.of(found.group(1)) : Optional.empty();
    }
}
