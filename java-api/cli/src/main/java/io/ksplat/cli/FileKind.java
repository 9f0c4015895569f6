// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a file is, told by what is in it; its name decides only where that leaves it open. */
enum FileKind {
    /** Java source. */
    JAVA("a Java class"),
    /** C with a {@code main}, or a test of LTP. */
    PROGRAM("a C program"),
    /** BPF C. */
    BPF("BPF C"),
    /** A BPF object that clang made. */
    OBJECT("a BPF object"),
    /** What an interpreter runs. */
    SCRIPT("a script"),
    /** An ELF executable. */
    EXECUTABLE("an executable");

    /** What is taken, for messages. */
    static final String ACCEPTED =
            "a reproducer is an id (ksplat list), a Java class with @Reproducer or @KernelTest, C with a main,"
                    + " BPF C with the selftests' annotations or its object, a script that begins with #!, or an executable";

    /** No source of a reproducer is longer. */
    private static final int MOST_TEXT = 4 * 1024 * 1024;

    private static final int ELF_HEADER = 64;
    private static final int ET_REL = 1;
    private static final int ET_EXEC = 2;
    private static final int ET_DYN = 3;
    private static final int ET_CORE = 4;
    private static final int EM_BPF = 247;

    private static final Pattern COMMENT_OR_STRING =
            Pattern.compile("//[^\n]*|/\\*(?s:.*?)(?:\\*/|\\z)|\"(?:[^\"\\\\\n]|\\\\.)*+\"|'(?:[^'\\\\\n]|\\\\.)*+'");
    // Bounded, because what is read may be anything.
    private static final Pattern JAVA_TYPE =
            Pattern.compile("\\b(?:class|record|interface|enum)\\s{1,9}[A-Z]\\w{0,200}[^;={}]{0,300}+\\{");
    private static final Pattern JAVA_IMPORT =
            Pattern.compile("(?m)^[ \t]{0,9}(?:import|package)[ \t]{1,9}[\\w.*]{1,200}(?:[ \t][\\w.*]{1,200})?;");
    private static final Pattern C_MAIN =
            Pattern.compile("(?m)(?:\\b(?:int|void)\\s{1,9}|^)main\\s{0,9}\\([^(){};]{0,300}+\\)[^(){}=]{0,300}+\\{");
    /** Its main is in the header that it includes. */
    private static final Pattern LTP_TEST =
            Pattern.compile("\\bstruct\\s{1,9}tst_test\\s{1,9}test\\s{0,9}=\\s{0,9}\\{");

    /** {@code char _license[] SEC("license") = "GPL";} without its strings: a program of BPF may be called main. */
    private static final Pattern BPF_LICENSE =
            Pattern.compile("\\bchar\\s{1,9}\\w{1,100}\\s{0,9}\\[\\w{0,9}]\\s{1,9}SEC\\s{0,9}\\(\\s{0,9}\\)\\s{0,9}=");

    private static final Pattern BPF_SECTION = Pattern.compile("\\bSEC\\s*\\(");
    private static final Pattern C_TEXT = Pattern.compile("(?m)^[ \t]*#[ \t]*(?:include|define|ifdef|ifndef)\\b");
    /** In double quotes: the compiler looks for it beside the file first. */
    private static final Pattern C_INCLUDE =
            Pattern.compile("(?m)^[ \t]{0,9}#[ \t]{0,9}include[ \t]{0,9}\"([\\w./+-]{1,300})\"");
    /** Whoever includes more than this is not told by it. */
    private static final int MOST_INCLUDED = 100;

    private static final Pattern PATCH = Pattern.compile("(?m)^(?:diff --git |--- a/|From [0-9a-f]{40} |From \\S+@)");
    private static final Pattern SYZKALLER = Pattern.compile("(?m)^(?:r\\d+ = )?\\w+(?:\\$\\w+)?\\((?:0x|&\\(|r\\d)");

    private final String words;

    FileKind(String words) {
        this.words = words;
    }

    /** Returns it in words. */
    String words() {
        return words;
    }

    /**
     * Tells what a file is.
     *
     * @throws IllegalArgumentException in one line, if it is none of these: what it looks like, and what is taken
     */
    static FileKind of(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    Files.isDirectory(file)
                            ? file + " is a folder: name a file in it; what it has: ksplat list " + file
                            : file + " is no regular file; " + ACCEPTED);
        }
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(MOST_TEXT + 1);
        }
        if (head.length == 0) {
            throw none(file, "is empty");
        }
        if (startsWith(head, 0x7f, 'E', 'L', 'F')) {
            return elf(file, head);
        }
        if (head.length > MOST_TEXT) {
            throw none(file, "is no ELF file and longer than any source");
        }
        for (byte each : head) {
            if (each == 0) {
                throw none(file, "looks like " + binary(head));
            }
        }
        return text(file, new String(head, StandardCharsets.UTF_8));
    }

    private static IllegalArgumentException none(Path file, String what) {
        return new IllegalArgumentException(file + " " + what + "; " + ACCEPTED);
    }

    private static boolean startsWith(byte[] head, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (i >= head.length || (head[i] & 0xff) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    private static String binary(byte[] head) {
        if (startsWith(head, 0x1f, 0x8b)) {
            return "a gzip file";
        }
        if (startsWith(head, 'P', 'K', 3, 4)) {
            return "a zip or jar file";
        }
        if (startsWith(head, 0xfd, '7', 'z', 'X', 'Z') || startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) {
            return "a compressed file";
        }
        return startsWith(head, 0xca, 0xfe, 0xba, 0xbe) ? "a Java class file: name its source" : "binary data";
    }

    private static FileKind elf(Path file, byte[] head) {
        if (head.length < ELF_HEADER) {
            throw none(file, "is an ELF file that was cut off");
        }
        ByteBuffer header = ByteBuffer.wrap(head).order(head[5] == 2 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        int type = header.getShort(16);
        boolean bpf = (header.getShort(18) & 0xffff) == EM_BPF;
        long entry = head[4] == 2 ? header.getLong(24) : header.getInt(24);
        if (type == ET_REL && bpf) {
            return OBJECT;
        }
        if ((type == ET_EXEC || type == ET_DYN) && entry != 0) {
            return EXECUTABLE;
        }
        throw none(
                file,
                switch (type) {
                    case ET_REL ->
                        "is an object file or a kernel module: link it, or load it for a program by --modules";
                    case ET_DYN, ET_EXEC -> "is a library: nothing in it is started";
                    case ET_CORE -> "is a core dump";
                    default -> "is an ELF file of type " + type;
                });
    }

    private static FileKind text(Path file, String text) throws IOException {
        if (text.startsWith("#!")) {
            return SCRIPT;
        }
        String code = COMMENT_OR_STRING.matcher(text).replaceAll(" ");
        Optional<FileKind> told = inSource(code);
        if (told.isEmpty() && C_TEXT.matcher(code).find()) {
            told = inIncluded(file, text);
        }
        return told.or(() -> named(String.valueOf(file.getFileName()), code))
                .orElseThrow(() -> none(file, "looks like " + looks(text, code)));
    }

    private static Optional<FileKind> inSource(String code) {
        if (JAVA_TYPE.matcher(code).find() && JAVA_IMPORT.matcher(code).find()) {
            return Optional.of(JAVA);
        }
        if (BPF_LICENSE.matcher(code).find()) {
            return Optional.of(BPF);
        }
        if (C_MAIN.matcher(code).find() || LTP_TEST.matcher(code).find()) {
            return Optional.of(PROGRAM);
        }
        return BPF_SECTION.matcher(code).find() ? Optional.of(BPF) : Optional.empty();
    }

    /** What a file itself does not tell, those beside it may that it includes: one program in two variants. */
    private static Optional<FileKind> inIncluded(Path file, String text) throws IOException {
        Deque<Path> left = new ArrayDeque<>();
        Set<Path> seen = new HashSet<>(Set.of(file.toRealPath()));
        String read = text;
        Path reader = file;
        while (true) {
            Matcher include = C_INCLUDE.matcher(read);
            while (include.find() && seen.size() < MOST_INCLUDED) {
                Path included = reader.resolveSibling(include.group(1));
                if (Files.isRegularFile(included)
                        && Files.size(included) <= MOST_TEXT
                        && seen.add(included.toRealPath())) {
                    left.add(included);
                }
            }
            if (left.isEmpty()) {
                return Optional.empty();
            }
            reader = left.remove();
            read = Files.readString(reader, StandardCharsets.ISO_8859_1);
            Optional<FileKind> told = inSource(COMMENT_OR_STRING.matcher(read).replaceAll(" "));
            if (told.isPresent()) {
                return told;
            }
        }
    }

    /** A Java file's compiler, and a shell, say best what is wrong in it. */
    private static Optional<FileKind> named(String name, String code) {
        if (name.endsWith(".java")) {
            return Optional.of(JAVA);
        }
        return name.endsWith(".sh") && !C_TEXT.matcher(code).find() ? Optional.of(SCRIPT) : Optional.empty();
    }

    private static String looks(String text, String code) {
        if (PATCH.matcher(text).find()) {
            return "a mail or a patch";
        }
        if (C_TEXT.matcher(code).find()) {
            return "C without a main";
        }
        if (SYZKALLER.matcher(text).find()) {
            return "a program in syzkaller's own language: have syz-prog2c make C of it";
        }
        String first = text.lines().findFirst().orElse("").strip();
        return "text (\"" + (first.length() > 40 ? first.substring(0, 40) + "..." : first) + "\")";
    }
}
