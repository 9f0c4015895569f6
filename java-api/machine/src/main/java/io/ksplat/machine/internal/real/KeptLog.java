// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.internal.agent.AgentClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a machine keeps of its kernel's log over its end: the records of pstore (Documentation/admin-guide/ramoops.rst), and what kdump
 * saves of a crash. A record is of a run only if it has the run's mark, and counts from there on.
 */
final class KeptLog {
    private static final Duration READ = Duration.ofMinutes(1);
    private static final String HEAD = "ksplat-record ";

    /** fs/pstore/platform.c, pstore_dump(): why, the number of the dump, and of its part; the newest part is the first. */
    private static final Pattern PART = Pattern.compile("(\\S+)#(\\d{1,9}) Part(\\d{1,9})\\n");

    /**
     * Each record behind a line that names its file. systemd-pstore moves records away at boot; Debian's kdump-tools writes dmesg.DATE,
     * kexec-tools' vmcore-dmesg a .txt. The newest part of a file is its end.
     */
    private static final String RECORDS = String.join(
            "\n",
            "cd \"ROOT\"",
            "for f in var/crash/*/dmesg* var/crash/*/vmcore-dmesg.txt sys/fs/pstore/* var/lib/systemd/pstore/*"
                    + " var/lib/systemd/pstore/*/* var/lib/systemd/pstore/*/*/*; do",
            "  [ -f \"$f\" ] || continue",
            "  case $f in var/crash/*) grep -aq -- MARK \"$f\" || continue;; esac",
            "  echo; echo \"" + HEAD + "/$f\"; tail -c 1000000 \"$f\"",
            "done");

    private KeptLog() {}

    /**
     * What of it a machine has.
     *
     * @param pstore whether a backend of pstore is registered
     * @param kdump whether a kernel is loaded that saves a crash
     * @param reboots whether it reboots by itself after a panic
     */
    record Keeper(boolean pstore, boolean kdump, boolean reboots) {
        static Keeper of(AgentClient agent) throws IOException {
            return of(
                    file(agent, "/sys/module/pstore/parameters/backend"),
                    file(agent, "/sys/kernel/kexec_crash_loaded"),
                    file(agent, "/proc/sys/kernel/panic"));
        }

        /** Each is what a file says; empty if the kernel does not have it. */
        static Keeper of(String backend, String crashLoaded, String panic) {
            boolean kdump = crashLoaded.equals("1");
            return new Keeper(
                    !backend.isEmpty() && !backend.equals("(null)"),
                    kdump,
                    kdump || !(panic.isEmpty() || panic.equals("0")));
        }

        boolean keeps() {
            return pstore || kdump;
        }
    }

    private static String file(AgentClient agent, String path) throws IOException {
        return RealKernel.file(agent, path).map(RealKernel::text).orElse("");
    }

    /**
     * Reads what a machine that has booted again has kept.
     *
     * @param root of its file systems
     * @param token of the run
     * @return the lines of the kernel's log from its mark on; empty if no record has it
     */
    static List<String> read(Reach reach, String root, String token) throws IOException {
        String line = RECORDS.replace("ROOT", root).replace("MARK", token);
        return since(token, reach.output("reading what it has kept", line, READ));
    }

    /** Of several records the one that has most: a dump of the kernel's whole log, if there is one. */
    static List<String> since(String token, String told) {
        return whole(records(told)).stream()
                .map(record -> after(token, record.lines().toList()))
                .max(Comparator.comparingInt(List::size))
                .orElse(List.of());
    }

    private static List<String> after(String token, List<String> lines) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains(token)) {
                return lines.subList(i + 1, lines.size());
            }
        }
        return List.of();
    }

    private static Map<String, String> records(String told) {
        Map<String, String> records = new LinkedHashMap<>();
        for (String piece : told.split("(?m)^" + HEAD, -1)) {
            int end = piece.indexOf('\n');
            if (piece.startsWith("/") && end > 0) {
                records.put(piece.substring(0, end), piece.substring(end + 1));
            }
        }
        return records;
    }

    /** Joins the parts of a dump, of which pstore makes a record each. */
    private static List<String> whole(Map<String, String> records) {
        List<String> all = new ArrayList<>();
        Map<String, TreeMap<Long, String>> parts = new LinkedHashMap<>();
        records.forEach((path, text) -> {
            Optional<Matcher> part = Optional.of(PART.matcher(text)).filter(Matcher::lookingAt);
            if (part.isPresent()) {
                String dump = path.substring(0, path.lastIndexOf('/')) + " "
                        + part.get().group(1) + part.get().group(2);
                parts.computeIfAbsent(dump, none -> new TreeMap<>(Comparator.reverseOrder()))
                        .put(
                                Long.parseLong(part.get().group(3)),
                                text.substring(part.get().end()));
            } else {
                all.add(text);
            }
        });
        parts.values().forEach(dump -> all.add(String.join("\n", dump.values())));
        return all;
    }
}
