// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.campaign.internal.sweep.AnchorShelf;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.results.internal.KnownReports;
import io.ksplat.results.internal.ReportFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What hunts on one kernel have found, in its folder of the report. Thread-safe. */
public final class HuntFile {
    public static final String NAME = "hunt.json";

    private static final ObjectMapper MAPPER = new ObjectMapper()
            .registerModule(new Jdk8Module())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final Path folder;
    private final Path file;
    private final HuntRequest request;
    private final String basis;
    private final Coverage coverage;
    private final Map<String, Tried> tried = new LinkedHashMap<>();

    private HuntFile(Path folder, HuntRequest request, String basis, Coverage coverage) {
        this.folder = folder;
        this.file = folder.resolve(NAME);
        this.request = request;
        this.basis = basis;
        this.coverage = coverage;
    }

    /** Returns the name of a hunt's folder, below that of all hunts. */
    static String folder(HuntRequest request) {
        String kernel = AnchorShelf.safe(request.kernel());
        HuntMode mode = request.scope().mode();
        return mode == HuntMode.NMI ? kernel : kernel + "+" + mode.word();
    }

    /**
     * Opens the one of a folder. What is there counts if it was found with the same kernel, seed, points and operations.
     *
     * @param kernel the kernel's key
     * @param coverage what the operations try of what it has
     */
    static HuntFile open(Path folder, HuntRequest request, String kernel, Coverage coverage) throws IOException {
        String basis = Digests.sha256(
                        String.join("\n", kernel, String.valueOf(request.scope()), OperationPair.sources()))
                .substring(0, 16);
        HuntFile opened = new HuntFile(folder, request, basis, coverage);
        if (Files.exists(opened.file)) {
            HuntResult before = read(opened.file);
            if (before.basis().equals(basis)) {
                // What failed may have failed for reasons of this host.
                before.operations().stream()
                        .filter(one -> !one.failed())
                        .forEach(one -> opened.tried.put(one.name(), one));
            }
        }
        return opened;
    }

    /**
     * Reads a file.
     *
     * @throws IOException in one line, if it is damaged
     */
    static HuntResult read(Path file) throws IOException {
        try {
            return MAPPER.readValue(file.toFile(), HuntResult.class);
        } catch (JsonProcessingException e) {
            throw new IOException(
                    file + " is not what a hunt wrote: "
                            + e.getOriginalMessage().replaceAll("\\s+", " "),
                    e);
        }
    }

    /** Writes a result into the folder of its kernel. */
    static void write(Path folder, HuntResult result) throws IOException {
        new ReportFolder(folder)
                .replace(NAME, out -> out.write((line(result) + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /** Returns the folder of what belongs to this kernel. */
    Path folder() {
        return folder;
    }

    synchronized boolean has(Operation operation) {
        return tried.containsKey(operation.name());
    }

    /** Adds an answer, and writes the file. */
    synchronized void add(Tried one) throws IOException {
        tried.put(one.name(), one);
        write(folder, whole());
    }

    /**
     * Writes the file with what is known today, and returns what was asked for.
     *
     * @param release the kernel's
     */
    synchronized HuntResult finish(KnownReports known, String release) throws IOException {
        write(folder, whole().knowing(known, release));
        return result(request.operations()).knowing(known, release);
    }

    /** Returns what is known of operations, in their order. */
    synchronized HuntResult result(List<Operation> operations) {
        return named(operations.stream().map(Operation::name).toList());
    }

    private HuntResult whole() {
        return named(Operations.inOrder(tried.keySet()));
    }

    private HuntResult named(List<String> names) {
        return new HuntResult(
                request.kernel(),
                request.scope().seed(),
                basis,
                names.stream().filter(tried::containsKey).map(tried::get).toList(),
                request.operations().stream()
                        .filter(operation -> !has(operation))
                        .map(Operation::name)
                        .toList(),
                coverage.uncovered(),
                coverage.destructors());
    }

    /** Returns a result as one line of JSON. */
    public static String line(HuntResult result) throws IOException {
        return MAPPER.writeValueAsString(result);
    }
}
