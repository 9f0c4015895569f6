// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the kernel's log from printk's ring buffer in a stopped machine's memory, including what was never printed to a console.
 *
 * <p>The buffer is a ring of descriptors, each with the state of its record and the position of its text in a second ring
 * (kernel/printk/printk_ringbuffer.c, Linux 5.10 and later).
 */
public final class KernelLog {
    private static final long ID_MASK = -1L >>> 2;
    private static final int STATE_SHIFT = 62;
    private static final int COMMITTED = 1;
    private static final int FINALIZED = 2;

    /** The limit of both rings' sizes (CONFIG_LOG_BUF_SHIFT is 25 at most). */
    private static final long MOST_BITS = 25;

    /** One descriptor for each 32 bytes of text (PRB_AVGBITS, kernel/printk/printk.c). */
    private static final long MOST_COUNT_BITS = MOST_BITS - 5;

    /** The newest that are read: those of a buffer of 2 MiB. A hostile guest may say that it has a million. */
    private static final long MOST_RECORDS = 1 << 16;

    /** More than the longest text of a record: 1024 (LOG_LINE_MAX) in old kernels, 2048 (PRINTKRB_RECORD_MAX) since. */
    private static final int MOST_TEXT = 4096;

    private static final int ID_BYTES = Long.BYTES;

    /** {@code <priority>} with {@code console_msg_format=syslog}, and {@code [caller]} with CONFIG_PRINTK_CALLER. */
    private static final Pattern PREFIX =
            Pattern.compile("(?:<\\d{1,3}>)?(\\[ *\\d+\\.\\d{6}\\])(?:\\[ *[TC]\\d+\\])? ");

    private KernelLog() {}

    /**
     * One record.
     *
     * @param timeNs since the boot
     * @param facility 0 if the kernel itself said it (LOG_KERN, include/linux/syslog.h)
     * @param level from 0 (KERN_EMERG)
     */
    record Message(long timeNs, int facility, int level, String text) {
        /** Returns its lines as a console prints them with {@code printk.time}, but without priority and caller. */
        List<String> lines() {
            String stamp =
                    String.format(Locale.ROOT, "[%5d.%06d] ", timeNs / 1_000_000_000, timeNs / 1_000 % 1_000_000);
            return text.lines().map(line -> stamp + line).toList();
        }
    }

    /** Returns all records in memory, the oldest first; none if this kernel's buffer has another form. */
    public static List<Message> read(KernelData data) {
        OptionalLong buffer = data.variable("prb");
        if (buffer.isEmpty()) {
            return List.of();
        }
        Ring ring = new Ring(data, buffer.getAsLong());
        long first = ring.field("desc_ring.tail_id") & ID_MASK;
        long count = (ring.field("desc_ring.head_id") - first & ID_MASK) + 1;
        List<Message> messages = new ArrayList<>();
        // Records of a damaged ring may share their text: together they are no longer than the ring.
        long room = 1L << MOST_BITS;
        long most = Math.min(count, 1L << ring.countBits());
        for (long i = Math.max(0, most - MOST_RECORDS); i < most && room > 0; i++) {
            room -= ring.add(first + i & ID_MASK, messages);
        }
        return messages;
    }

    /**
     * Returns the kernel's own lines that did not reach a console: those of the records after the last one that it shows.
     *
     * @param console the console's output
     */
    public static List<String> undelivered(List<Message> messages, byte[] console) {
        Set<String> wanted = new HashSet<>();
        messages.forEach(message -> message.lines().forEach(line -> wanted.add(line.stripTrailing())));
        // Of a flooded console only what matters is kept.
        Set<String> shown = new HashSet<>();
        new String(console, StandardCharsets.ISO_8859_1)
                .lines()
                .map(KernelLog::plain)
                .filter(wanted::contains)
                .forEach(shown::add);
        int next = messages.size();
        while (next > 0 && !isShown(messages.get(next - 1), shown)) {
            next--;
        }
        return next == 0
                ? List.of()
                : messages.subList(next, messages.size()).stream()
                        .filter(message -> message.facility == 0)
                        .flatMap(message -> message.lines().stream())
                        .toList();
    }

    /** Returns a console's line without what it may print before and after the time (info_print_prefix, kernel/printk/printk.c). */
    private static String plain(String line) {
        Matcher prefix = PREFIX.matcher(line);
        return (prefix.lookingAt() ? prefix.group(1) + " " + line.substring(prefix.end()) : line).stripTrailing();
    }

    private static boolean isShown(Message message, Set<String> shown) {
        List<String> lines = message.lines();
        return !lines.isEmpty() && lines.stream().map(String::stripTrailing).allMatch(shown::contains);
    }

    /** The buffer's two rings. Whatever cannot be read counts as 0, and invalid records are left out. */
    private record Ring(KernelData data, long buffer) {
        long field(String path) {
            return data.field(buffer, "printk_ringbuffer", path).orElse(0);
        }

        long countBits() {
            return shift("desc_ring.count_bits", MOST_COUNT_BITS);
        }

        /** A shift that makes no sense is unsigned here: it is the largest. */
        private long shift(String field, long most) {
            long bits = field(field);
            return bits < 0 ? most : Math.min(most, bits);
        }

        /** Returns the length of the text that was added. */
        int add(long id, List<Message> messages) {
            if (!data.btf().hasType("prb_desc") || !data.btf().hasType("printk_info")) {
                return 0;
            }
            long index = id & (1L << countBits()) - 1;
            long descriptor = field("desc_ring.descs") + index * data.btf().sizeOf("prb_desc");
            long info = field("desc_ring.infos") + index * data.btf().sizeOf("printk_info");
            OptionalLong state = data.field(descriptor, "prb_desc", "state_var");
            OptionalLong length = data.field(info, "printk_info", "text_len");
            OptionalLong time = data.field(info, "printk_info", "ts_nsec");
            if (state.isEmpty() || length.isEmpty() || time.isEmpty() || (state.getAsLong() & ID_MASK) != id) {
                return 0;
            }
            int phase = (int) (state.getAsLong() >>> STATE_SHIFT);
            if (phase != COMMITTED && phase != FINALIZED) {
                return 0;
            }
            int facility = (int) data.field(info, "printk_info", "facility").orElse(0);
            int level = (int) data.field(info, "printk_info", "level").orElse(0);
            long begin =
                    data.field(descriptor, "prb_desc", "text_blk_lpos.begin").orElse(1);
            long next = data.field(descriptor, "prb_desc", "text_blk_lpos.next").orElse(1);
            String text = text(begin, next, (int) length.getAsLong());
            messages.add(new Message(time.getAsLong(), facility, level, text));
            return text.length();
        }

        /** Returns a record's text. Positions never wrap; a block that does not fit before the ring's end is at its start. An odd position has no text. */
        private String text(long begin, long next, int length) {
            long size = 1L << shift("text_data_ring.size_bits", MOST_BITS);
            if ((begin & 1) != 0) {
                return "";
            }
            boolean wraps = Long.divideUnsigned(begin, size) != Long.divideUnsigned(next - 1, size);
            long start = wraps ? 0 : begin & size - 1;
            long room = (wraps ? next & size - 1 : next - begin) - ID_BYTES;
            int taken = (int) Math.max(0, Math.min(Math.min(length, room), MOST_TEXT));
            long block = field("text_data_ring.data") + start + ID_BYTES;
            StringBuilder text = new StringBuilder(taken);
            for (int i = 0; i < taken; i++) {
                OptionalInt letter = data.unsignedByte(block + i);
                if (letter.isEmpty()) {
                    break;
                }
                text.append((char) letter.getAsInt());
            }
            return text.toString();
        }
    }
}
