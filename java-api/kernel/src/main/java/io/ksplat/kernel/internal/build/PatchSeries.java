// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * A series of patches from mails: from git format-patch, from b4 am, or from the archive of a mailing list, whose cover letter, replies
 * and older versions are skipped.
 *
 * @param patches in the order in which they apply
 * @param remarks one line for each mail that was skipped
 */
public record PatchSeries(List<Patch> patches, List<String> remarks) {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    /** The tag in a subject: {@code [PATCH bpf-next v3 1/2]}. */
    private static final Pattern TAG = Pattern.compile("^((?:\\[[^\\]]*]\\s*)*)\\[([^\\]]*PATCH[^\\]]*)]\\s*(.*)$");

    private static final Pattern VERSION = Pattern.compile("\\b[vV](\\d+)\\b");
    private static final Pattern NUMBER = Pattern.compile("\\b(\\d+)/(\\d+)\\b");
    private static final Pattern REPLY = Pattern.compile("^(?i:re|aw|fwd?)\\s*:.*");
    private static final Pattern FILE = Pattern.compile("^(?:--- a/|\\+\\+\\+ b/|rename from )(.*?)(?:\\t.*)?$");

    public PatchSeries {
        patches = List.copyOf(patches);
        remarks = List.copyOf(remarks);
    }

    /**
     * A patch.
     *
     * @param subject without its tags
     * @param header the whole subject
     * @param number its place in the series, if the subject gives one
     * @param mail the file of the mail
     * @param diff the lines from the first diff on
     */
    public record Patch(
            String subject,
            String header,
            Optional<String> messageId,
            OptionalInt number,
            int total,
            int version,
            Path mail,
            List<String> diff) {
        Set<String> files() {
            return diff.stream()
                    .map(FILE::matcher)
                    .filter(Matcher::matches)
                    .map(m -> m.group(1))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /**
     * Reads mails.
     *
     * @param inputs files with one mail or many (mbox, maybe compressed with gzip), and folders of such files
     * @param scratch an empty folder for the mails, which must exist as long as the series is used
     * @throws IncompleteSeriesException if the mails contain no patch, or one of the series is missing
     */
    public static PatchSeries read(List<Path> inputs, Path scratch)
            throws IOException, InterruptedException, KernelException {
        List<Patch> found = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Path mail : mails(inputs, scratch)) {
            Path diff = mail.resolveSibling(mail.getFileName() + ".diff");
            String subject = subject(mail, diff);
            List<String> lines = Files.readAllLines(diff, StandardCharsets.ISO_8859_1);
            int start = IntStream.range(0, lines.size())
                    .filter(i -> lines.get(i).startsWith("diff --git ")
                            || lines.get(i).startsWith("--- a/"))
                    .findFirst()
                    .orElse(-1);
            if (start < 0 || REPLY.matcher(subject).matches() || !seen.add(subject)) {
                remarks.add("skipped: " + (subject.isEmpty() ? "a mail without a subject" : subject));
                continue;
            }
            found.add(patch(subject, mail, lines.subList(start, lines.size())));
        }
        return new PatchSeries(inOrder(found, inputs, remarks), remarks);
    }

    private static Patch patch(String subject, Path mail, List<String> diff) throws IOException {
        Matcher tagged = TAG.matcher(subject);
        if (!tagged.matches()) {
            return new Patch(subject, subject, MessageId.of(mail), OptionalInt.empty(), 0, 1, mail, List.copyOf(diff));
        }
        Matcher version = VERSION.matcher(tagged.group(2));
        Matcher number = NUMBER.matcher(tagged.group(2));
        boolean numbered = number.find();
        return new Patch(
                tagged.group(3),
                subject,
                MessageId.of(mail),
                numbered ? OptionalInt.of(Integer.parseInt(number.group(1))) : OptionalInt.empty(),
                numbered ? Integer.parseInt(number.group(2)) : 0,
                version.find() ? Integer.parseInt(version.group(1)) : 1,
                mail,
                List.copyOf(diff));
    }

    private static List<Patch> inOrder(List<Patch> found, List<Path> inputs, List<String> remarks)
            throws KernelException {
        if (found.isEmpty()) {
            throw new IncompleteSeriesException(
                    "no patch in " + inputs.stream().map(Path::toString).collect(Collectors.joining(", ")));
        }
        int newest = found.stream().mapToInt(Patch::version).max().orElseThrow();
        List<Patch> kept =
                found.stream().filter(patch -> patch.version() == newest).toList();
        if (kept.size() < found.size()) {
            remarks.add("skipped: " + (found.size() - kept.size()) + " patches of versions before v" + newest);
        }
        if (kept.stream().anyMatch(patch -> patch.number().isEmpty())) {
            return kept;
        }
        List<Patch> sorted = kept.stream()
                .sorted(Comparator.comparingInt(patch -> patch.number().orElseThrow()))
                .toList();
        int total = sorted.get(0).total();
        for (int i = 0; i < sorted.size(); i++) {
            Patch patch = sorted.get(i);
            if (patch.total() != total
                    || (i > 0 && patch.number().equals(sorted.get(i - 1).number()))) {
                throw new KernelException("'" + patch.subject() + "' and '"
                        + sorted.get(Math.max(0, i - 1)).subject()
                        + "' belong to different series: give one series at a time");
            }
        }
        String missing = IntStream.rangeClosed(1, total)
                .filter(n -> sorted.stream().noneMatch(patch -> patch.number().orElseThrow() == n))
                .mapToObj(n -> n + "/" + total)
                .collect(Collectors.joining(", "));
        if (!missing.isEmpty()) {
            throw new IncompleteSeriesException("the series has no patch " + missing);
        }
        return sorted;
    }

    /** Writes the decoded diff of a mail to a file; returns the subject with its tags. */
    private static String subject(Path mail, Path diff) throws IOException, InterruptedException, KernelException {
        StringBuilder subject = new StringBuilder();
        new Command(
                        DEADLINE,
                        List.of(
                                "git",
                                "mailinfo",
                                "-k",
                                mail.resolveSibling(mail.getFileName() + ".text")
                                        .toString(),
                                diff.toString()))
                .pipe(ProcessBuilder.Redirect.from(mail.toFile()), out -> {
                    new String(out.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .filter(line -> line.startsWith("Subject: "))
                            .forEach(line -> subject.append(line.substring(9).strip()));
                });
        return subject.toString();
    }

    private static List<Path> mails(List<Path> inputs, Path scratch)
            throws IOException, InterruptedException, KernelException {
        List<Path> mails = new ArrayList<>();
        int count = 0;
        for (Path file : files(inputs)) {
            Path folder = Files.createDirectory(scratch.resolve(String.format("%04d", ++count)));
            Path plain = scratch.resolve(folder.getFileName() + ".mbox");
            unpack(file, plain);
            Command.Outcome split = new Command(
                            DEADLINE,
                            List.of("git", "mailsplit", "-b", "--mboxrd", "-o" + folder, "--", plain.toString()))
                    .run(scratch);
            if (!split.ok()) {
                throw new KernelException(file + " contains no mail: "
                        + (split.lines().isEmpty()
                                ? "git mailsplit failed"
                                : split.lines().get(0)));
            }
            try (Stream<Path> all = Files.list(folder)) {
                all.sorted().forEach(mails::add);
            }
        }
        return mails;
    }

    private static List<Path> files(List<Path> inputs) throws IOException, KernelException {
        List<Path> files = new ArrayList<>();
        for (Path input : inputs) {
            if (Files.isDirectory(input)) {
                try (Stream<Path> all = Files.list(input)) {
                    all.filter(Files::isRegularFile)
                            .filter(file -> !file.getFileName().toString().startsWith("."))
                            .sorted()
                            .forEach(files::add);
                }
            } else if (Files.isRegularFile(input)) {
                files.add(input);
            } else {
                throw new KernelException("no file at " + input);
            }
        }
        return files;
    }

    private static void unpack(Path file, Path plain) throws IOException {
        try (PushbackInputStream in = new PushbackInputStream(Files.newInputStream(file), 2)) {
            byte[] magic = in.readNBytes(2);
            in.unread(magic);
            boolean packed = magic.length == 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b;
            try (InputStream text = packed ? new GZIPInputStream(in) : in) {
                Files.copy(text, plain);
            }
        }
    }
}
