// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Words and links that several pages share. */
public final class Words {
    private static final int LONGEST = 300;
    private static final Pattern BPF_FRAME = Pattern.compile("bpf_prog_[0-9a-f]{16}_(\\w+)");

    private static final Pattern COMMIT = Pattern.compile("\\b([0-9a-f]{12})[0-9a-f]{28}\\b");

    private Words() {}

    /** Returns a context as people call it: {@code NMI on CPU 0}, {@code task init/113 on CPU 1}. */
    public static String who(String context, OptionalInt cpu, Optional<Task> task) {
        boolean named = context.equals("task") && task.isPresent();
        return context + (named ? " " + task(task.get()) : "") + (cpu.isPresent() ? " on CPU " + cpu.getAsInt() : "");
    }

    public static String task(Task task) {
        return task.comm() + "/" + task.pid();
    }

    /** Returns the spec of a kernel with the hash of its commit as git shortens it. */
    public static String revision(String spec) {
        return shortened(COMMIT.matcher(spec).replaceFirst("$1"));
    }

    /** Returns a text of at most a few lines. */
    public static String shortened(String text) {
        return shortened(text, LONGEST);
    }

    public static String shortened(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 3) + "...";
    }

    public static String seconds(long ms) {
        return String.format(Locale.ROOT, "%.3f s", ms / 1000.0);
    }

    /** Returns the BPF program's own name of a frame, if it is one. */
    public static Optional<String> program(Frame frame) {
        Matcher name = BPF_FRAME.matcher(frame.function());
        return name.matches() ? Optional.of(name.group(1)) : Optional.empty();
    }

    public static String frame(Frame frame) {
        return frame.function()
                + (frame.offset().isPresent()
                        ? "+0x" + Long.toHexString(frame.offset().getAsLong())
                        : "");
    }

    public static String place(Frame frame) {
        return frame.file()
                .map(file ->
                        file + (frame.line().isPresent() ? ":" + frame.line().getAsInt() : ""))
                .orElse("");
    }

    public static String stack(Stack stack) {
        return (stack.cpu().isPresent() ? "CPU " + stack.cpu().getAsInt() + ", " : "")
                + stack.context()
                + stack.task().map(task -> ", " + task(task)).orElse("");
    }

    /** Returns where evidence was seen, as a clause. */
    public static String source(Evidence found) {
        return switch (found.source()) {
            case CONSOLE -> "printed by the kernel";
            case OUTSIDE -> "seen from outside: registers and memory";
            case BPF_STREAM -> "in the BPF program's stream";
            case VERIFIER -> "said by the verifier";
            case PROGRAM -> "returned to the program under test";
        };
    }

    /** Returns a path of a report as a link: names may hold anything. */
    public static String href(String path) {
        StringBuilder link = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "/-_.~+@".indexOf(c) >= 0) {
                link.append(c);
            } else {
                link.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        return link.toString();
    }

    /** Returns a word as a shell takes it. */
    public static String quoted(String word) {
        return word.matches("[\\w./:=,@%+~-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
