// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Checksums of a template's files. The memory is a sparse file: only pieces that are not all zero have a checksum, so that a check
 * reads no holes. A later write to a hole is detected by the file's modification time.
 *
 * @param id unique to this template
 * @param ramChanged the modification time of the memory's file
 * @param pieces the CRC-32C of each piece of the memory that is not all zero, by its number
 * @param hello the agent's message
 */
record TemplateManifest(
        String id,
        long ramBytes,
        Instant ramChanged,
        Map<Integer, Integer> pieces,
        int stateSum,
        int bootLogSum,
        ByteString hello) {
    static final int FORMAT = 1;
    private static final String FILE = "template.json";
    private static final int PIECE = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    TemplateManifest {
        pieces = Map.copyOf(pieces);
    }

    /** Describes files that are final; sets the memory's modification time to one that every file system can store. */
    static TemplateManifest describe(Path ram, byte[] state, byte[] bootLog, byte[] hello) throws IOException {
        Map<Integer, Integer> pieces = new TreeMap<>();
        ByteBuffer zeros = ByteBuffer.allocateDirect(PIECE);
        try (FileChannel channel = FileChannel.open(ram)) {
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
            for (int number = 0; fill(channel, number, piece); number++) {
                if (!piece.equals(zeros.clear().limit(piece.limit()))) {
                    pieces.put(number, sum(piece));
                }
            }
        }
        return new TemplateManifest(
                UUID.randomUUID().toString(),
                Files.size(ram),
                dated(ram),
                pieces,
                sum(ByteBuffer.wrap(state)),
                sum(ByteBuffer.wrap(bootLog)),
                ByteString.copyFrom(hello));
    }

    /** Describes a template that no other process knows and that ends with this one: without checksums. */
    static TemplateManifest own(Path ram) throws IOException {
        return new TemplateManifest(
                UUID.randomUUID().toString(), Files.size(ram), dated(ram), Map.of(), 0, 0, ByteString.EMPTY);
    }

    private static Instant dated(Path ram) throws IOException {
        // FAT stores times in steps of two seconds.
        Instant changed = Instant.ofEpochSecond(Instant.now().getEpochSecond() & ~1);
        Files.setLastModifiedTime(ram, FileTime.from(changed));
        return changed;
    }

    /** Copies the memory into a file of the same size that is all zero; holes stay holes. */
    void copyRam(Path ram, Path to) throws IOException {
        try (FileChannel from = FileChannel.open(ram);
                FileChannel target = FileChannel.open(to, StandardOpenOption.WRITE)) {
            for (int number : pieces.keySet()) {
                long at = (long) number * PIECE;
                long end = Math.min(ramBytes, at + PIECE);
                while (at < end) {
                    target.position(at);
                    at += from.transferTo(at, end - at, target);
                }
            }
        }
    }

    void write(Path folder) throws IOException {
        ObjectNode node = JSON.createObjectNode()
                .put("format", FORMAT)
                .put("id", id)
                .put("ramBytes", ramBytes)
                .put("ramChanged", ramChanged.toString())
                .put("state", stateSum)
                .put("bootLog", bootLogSum)
                .put("hello", Base64.getEncoder().encodeToString(hello.toByteArray()));
        ObjectNode sums = node.putObject("pieces");
        new TreeMap<>(pieces).forEach((number, sum) -> sums.put(Integer.toString(number), sum));
        Files.write(folder.resolve(FILE), JSON.writeValueAsBytes(node));
    }

    /** @throws Template.Damaged if there is none, or it is malformed */
    static TemplateManifest read(Path folder) throws IOException {
        try {
            JsonNode node = JSON.readTree(Files.readAllBytes(folder.resolve(FILE)));
            if (node.path("format").asInt() != FORMAT) {
                throw new Template.Damaged("the template in " + folder + " has another format");
            }
            Map<Integer, Integer> pieces = new TreeMap<>();
            node.path("pieces")
                    .properties()
                    .forEach(sum -> pieces.put(
                            Integer.parseInt(sum.getKey()), sum.getValue().asInt()));
            return new TemplateManifest(
                    node.path("id").asText(),
                    node.path("ramBytes").asLong(),
                    Instant.parse(node.path("ramChanged").asText()),
                    pieces,
                    node.path("state").asInt(),
                    node.path("bootLog").asInt(),
                    ByteString.copyFrom(
                            Base64.getDecoder().decode(node.path("hello").asText())));
        } catch (NoSuchFileException e) {
            throw new Template.Damaged("the template in " + folder + " has no " + FILE);
        } catch (JacksonException | IllegalArgumentException | java.time.DateTimeException e) {
            throw new Template.Damaged("the template in " + folder + " is damaged: " + FILE + " is malformed");
        }
    }

    /** Reads a file and compares it with its checksum. */
    static byte[] checked(Path file, int sum) throws IOException {
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw damaged(file, "it does not exist");
        }
        if (sum(ByteBuffer.wrap(content)) != sum) {
            throw damaged(file, "its " + content.length + " bytes do not match their checksum");
        }
        return content;
    }

    /** Compares all of the memory with its checksums. */
    void checkRam(Path ram) throws IOException {
        checkRamUntouched(ram);
        ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE);
        try (FileChannel channel = FileChannel.open(ram)) {
            for (Map.Entry<Integer, Integer> piece : pieces.entrySet()) {
                if (!fill(channel, piece.getKey(), buffer) || sum(buffer) != piece.getValue()) {
                    throw damaged(ram, "MiB " + piece.getKey() + " does not match its checksum");
                }
            }
        }
    }

    /** Compares the size and the modification time of the memory. */
    void checkRamUntouched(Path ram) throws IOException {
        try {
            long bytes = Files.size(ram);
            if (bytes != ramBytes) {
                throw damaged(ram, "it has " + bytes + " bytes instead of " + ramBytes);
            }
            if (!Files.getLastModifiedTime(ram).toInstant().equals(ramChanged)) {
                throw damaged(ram, "it was written to");
            }
        } catch (NoSuchFileException e) {
            throw damaged(ram, "it does not exist");
        }
    }

    /** Copies the memory into a new file. */
    void copyRamAnew(Path ram, Path copy) throws IOException {
        try (FileChannel to = FileChannel.open(copy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            to.write(ByteBuffer.allocate(1), ramBytes - 1);
        }
        copyRam(ram, copy);
    }

    private static Template.Damaged damaged(Path file, String how) {
        return new Template.Damaged("the template's file " + file + " is damaged: " + how);
    }

    private static boolean fill(FileChannel channel, int number, ByteBuffer piece) throws IOException {
        long at = (long) number * PIECE;
        piece.clear();
        while (piece.hasRemaining() && channel.read(piece, at + piece.position()) > 0) {
            // A read may return less than was asked for.
        }
        return piece.flip().hasRemaining();
    }

    private static int sum(ByteBuffer bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes.duplicate());
        return (int) sum.getValue();
    }
}
