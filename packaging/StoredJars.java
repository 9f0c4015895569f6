// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Rewrites jars without compression: xz packs them twice as well as what deflate left over, and Java reads them faster.
 * The one-file version is of x86-64 and brings its own Java: SQLite's libraries of other machines stay out.
 */
final class StoredJars {
    private static final String SQLITE = "org/sqlite/native/";
    private static final String OURS = SQLITE + "Linux/x86_64/";

    private StoredJars() {}

    public static void main(String[] jars) throws IOException {
        for (String jar : jars) {
            Path stored = Path.of(jar + ".stored");
            try (ZipFile in = new ZipFile(jar);
                    OutputStream file = Files.newOutputStream(stored);
                    ZipOutputStream out = new ZipOutputStream(file)) {
                for (ZipEntry entry : Collections.list(in.entries())) {
                    String name = entry.getName();
                    if (!name.startsWith(SQLITE) || name.startsWith(OURS)) {
                        copy(in, entry, out);
                    }
                }
            }
            Files.move(stored, Path.of(jar), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void copy(ZipFile in, ZipEntry entry, ZipOutputStream out) throws IOException {
        ZipEntry stored = new ZipEntry(entry.getName());
        stored.setTime(entry.getTime());
        stored.setMethod(ZipEntry.STORED);
        stored.setSize(entry.getSize());
        stored.setCrc(entry.getCrc());
        out.putNextEntry(stored);
        try (InputStream bytes = in.getInputStream(entry)) {
            bytes.transferTo(out);
        }
        out.closeEntry();
    }
}
