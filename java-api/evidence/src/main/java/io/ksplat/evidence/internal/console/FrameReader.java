// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Frame;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads single lines of traces, in the format of any architecture. */
final class FrameReader {
    private static final String NAME = "([A-Za-z_$<.][^\\s()\\[\\]]*?)";
    private static final String OFFSET = "\\+0x([0-9a-f]+)/0x[0-9a-f]+";

    /** x86, arm64, powerpc, s390, mips, riscv: printk_stack_address() and similar functions, {@code [<addr>] ? name+0x1/0x2 [module] file:line [inline]}. */
    private static final Pattern FRAME = Pattern.compile(
            "^(?:\\(?\\[?<?(?:0x)?[0-9a-f]{6,16}(?=[>\\]) :])>?\\]?\\)?:? *+)*+(\\? +)?" + NAME + OFFSET
                    + "(?: \\(?\\[?([\\w-]+)(?: [0-9a-f]+)?[\\])])?(?: +\\([A-Z]+\\))?(?: +\\(?([^\\s()]+?):(\\d+)(?::\\d+)?)?( +\\[inline\\])?.*$");

    /** scripts/decode_stacktrace.sh: {@code name (file.c:12 (discriminator 3) file.c:34) module}; the last place is that of the function itself. */
    private static final Pattern DECODED = Pattern.compile(
            "^(?:\\(?\\[?<?(?:0x)?[0-9a-f]{6,16}(?=[>\\]) :])>?\\]?\\)?:? *+)*+(\\? +)?" + NAME
                    + " \\((?=[^()\\s]+:(?:\\d+|\\?))([^()]*(?:\\([^()]*\\)[^()]*)*)\\)(?: \\[?[\\w-]+(?: [0-9a-f]+)?\\]?)?(?: \\([A-Z]+\\))?$");

    private static final Pattern PLACE = Pattern.compile("([\\w./+-]+):(\\d+)");

    /** A symbolizer's inlined frame: {@code name file.c:12 [inline]}, or {@code [< inline >] name file.c:12}. */
    private static final Pattern INLINED = Pattern.compile(
            "^(?:\\[ *<? *inline *>? *\\] +)?(\\? +)?([A-Za-z_][\\w.]*) (\\S+\\.(?:c|h|S|rs)):(\\d+)(?::\\d+)?(?: +\\[inline\\])?$");

    /** arm (arch/arm/kernel/traps.c, dump_backtrace_entry): {@code [<a>] (f) from [<b>] (g+0x1/0x2)}, {@code f from g+0x1/0x2}. */
    private static final Pattern FROM = Pattern.compile("^(?:\\[<[0-9a-f]+>\\] ?)?\\(?" + NAME
            + "(?:\\+0x[0-9a-f]+/0x[0-9a-f]+)?(?: \\[[\\w-]+\\])?\\)?(?: \\[[\\w-]+\\])? from (?:\\[<[0-9a-f]+>\\] ?)?\\(?"
            + NAME + OFFSET + "\\)?.*$");

    /** The instruction pointer: RIP, EIP, IP (x86), "PC is at" (arm), pc (arm64), NIP (powerpc), epc (mips, riscv), Krnl PSW (s390), pc/ERA (loongarch). */
    private static final Pattern POINTER = Pattern.compile(
            "^(?:\\w+: )?(?:RIP|EIP|IP|PC is at|pc *|NIP|epc *|ERA *|Krnl PSW ?|IAOQ\\[0\\]|T?PC)(?![\\w.])(?: is at)?:? *(?:[0-9a-f]{4}:)?(?:[0-9a-f]{16} )?"
                    + "(?:\\[?<?(?:0x)?[0-9a-f]{4,16}(?=[>\\] :])>?\\]? *+:? *+)*+[\"(<]?" + NAME
                    + "(?:" + OFFSET + ".*| \\([^()\\s]+:(?:\\d+|\\?).*)$");

    /** Of the names of an instruction pointer, one of these is in each: most lines with a frame have none. */
    private static final List<String> POINTERS = List.of("IP", "PC", "pc", "ERA", "PSW", "IAOQ");

    private FrameReader() {}

    /** Returns the frames in a line, innermost first. A page may have taken the address for a tag and left its brackets. */
    static List<Frame> frames(String text) {
        String trimmed = text.startsWith("[] ") ? text.substring("[] ".length()) : text;
        boolean offset = trimmed.contains("+0x");
        if (offset && trimmed.contains(" from ")) {
            Matcher from = FROM.matcher(trimmed);
            if (from.matches()) {
                return List.of(bare(from.group(1)), Frame.of(from.group(2), hex(from.group(3))));
            }
        }
        if (offset) {
            Matcher frame = FRAME.matcher(trimmed);
            return frame.matches()
                    ? List.of(new Frame(
                            frame.group(2),
                            OptionalLong.of(hex(frame.group(3))),
                            Optional.ofNullable(frame.group(5)),
                            number(frame.group(6)),
                            false,
                            frame.group(1) == null))
                    : List.of();
        }
        if (isDecoded(trimmed)) {
            Matcher decoded = DECODED.matcher(trimmed);
            if (decoded.matches()) {
                return List.of(located(decoded.group(2), decoded.group(3), decoded.group(1) == null));
            }
        }
        if (trimmed.contains("inline")) {
            Matcher inlined = INLINED.matcher(trimmed);
            if (inlined.matches()) {
                return List.of(new Frame(
                        inlined.group(2),
                        OptionalLong.empty(),
                        Optional.of(inlined.group(3)),
                        number(inlined.group(4)),
                        true,
                        inlined.group(1) == null));
            }
        }
        return List.of();
    }

    /** Returns the frame of the instruction pointer in a line of a register dump. */
    static Optional<Frame> pointer(String trimmed) {
        if (!mayBe(trimmed) || !hasPointer(trimmed)) {
            return Optional.empty();
        }
        Matcher pointer = POINTER.matcher(trimmed);
        if (!pointer.matches()) {
            return Optional.empty();
        }
        return Optional.of(
                pointer.group(2) == null
                        ? located(pointer.group(1), trimmed.substring(pointer.end(1)), true)
                                .asPointer()
                        : Frame.of(pointer.group(1), hex(pointer.group(2))).asPointer());
    }

    private static boolean hasPointer(String text) {
        for (String name : POINTERS) {
            if (text.contains(name)) {
                return true;
            }
        }
        return false;
    }

    /** Returns quickly whether a line may have a frame. */
    static boolean mayBe(String text) {
        return text.contains("+0x") || isDecoded(text);
    }

    private static boolean isDecoded(String text) {
        return text.indexOf(" (") > 0
                && (text.contains(".c:")
                        || text.contains(".h:")
                        || text.contains(".S:")
                        || text.contains(".rs:")
                        || text.contains("(??:"));
    }

    private static Frame located(String function, String places, boolean certain) {
        Optional<String> file = Optional.empty();
        OptionalInt line = OptionalInt.empty();
        Matcher place = PLACE.matcher(places);
        while (place.find()) {
            file = Optional.of(place.group(1).replaceFirst("^\\./", ""));
            line = number(place.group(2));
        }
        return new Frame(function, OptionalLong.empty(), file, line, false, certain);
    }

    private static Frame bare(String function) {
        return new Frame(function, OptionalLong.empty(), Optional.empty(), OptionalInt.empty(), false, true);
    }

    private static OptionalInt number(String digits) {
        return digits == null || digits.length() > 9 ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(digits));
    }

    private static long hex(String digits) {
        return digits.length() > 15 ? 0 : Long.parseLong(digits, 16);
    }
}
