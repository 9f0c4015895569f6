// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.EvidenceKind;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes titles. */
final class Titles {
    private static final Pattern ADDRESS = Pattern.compile("\\b(?:0x[0-9a-f]+|[0-9a-f]{8,16})\\b");
    private static final Pattern NUMBER = Pattern.compile("\\b\\d+\\b");
    private static final Pattern ACCESS = Pattern.compile("^\\s*(Read|Write) (?:of size \\d+|at addr)");
    private static final Pattern LAST_FUNCTION = Pattern.compile("^\\s*last function: ([\\w.]+)|\\bworkfn=([\\w.]+)");

    /** WARN()s of the kernel's libraries are about their callers. */
    private enum Library {
        REFCOUNT("lib/refcount\\.c|linux/refcount\\.h", "WARNING: refcount bug in {f}", "REFCOUNT_WARNING"),
        ODEBUG("lib/debugobjects\\.c", "WARNING: ODEBUG bug in {f}"),
        KOBJECT("lib/kobject\\.c", "WARNING: kobject bug in {f}"),
        KMALLOC("mm/util\\.c|mm/slab_common\\.c|mm/slub\\.c|mm/slab\\.c", "WARNING: kmalloc bug in {f}"),
        USERCOPY("mm/usercopy\\.c", "WARNING: bad usercopy in {f}", SyzkallerTypes.UNKNOWN),
        PROC("fs/proc/generic\\.c", "WARNING: proc registration bug in {f}"),
        LOCK("kernel/locking/(?:lockdep|mutex|rwsem|rtmutex\\w*)\\.c", "WARNING: locking bug in {f}", "LOCKDEP");

        private final Pattern file;
        private final String title;
        private final String type;

        Library(String file, String title) {
            this(file, title, EvidenceKind.WARNING.type());
        }

        Library(String file, String title, String type) {
            this.file = Pattern.compile(file);
            this.title = title;
            this.type = type;
        }
    }

    private static final Pattern LIST = Pattern.compile("lib/list_debug\\.c|include/linux/list\\.h");

    private Titles() {}

    /** A title, the kind and the type that it implies, and the function that it names. */
    record Title(EvidenceKind kind, String text, Optional<String> function, String type) {}

    static Title of(Report report, List<Trace> traces) {
        Rule rule = report.rule();
        EvidenceKind kind = rule.kind();
        String template = rule.title();
        Optional<String> function = BlameFinder.find(report, traces);
        Optional<String> access = access(report);
        String type = rule.typing().of(said(report.head()), access);
        String file = group(report.head(), "file");
        if (!file.isEmpty()) {
            if (kind == EvidenceKind.OOPS && LIST.matcher(file).find()) {
                kind = EvidenceKind.MEMORY_SAFETY;
                type = SyzkallerTypes.MEMORY_SAFETY_BUG;
                template = "BUG: corrupted list in {f}";
            }
            if (kind == EvidenceKind.OOPS && file.endsWith("mm/usercopy.c")) {
                kind = EvidenceKind.MEMORY_SAFETY;
                type = SyzkallerTypes.MEMORY_SAFETY_BUG;
                template = "BUG: bad usercopy in {f}";
            }
            if (kind == EvidenceKind.WARNING) {
                for (Library library : Library.values()) {
                    if (library.file.matcher(file).find()) {
                        type = library.type;
                        template = library.title;
                        function = BlameFinder.stack(traces).map(Names::title);
                    }
                }
            }
        }
        if (rule.keyword().startsWith("BUG: workqueue leaked")) {
            function = report.lines.stream()
                    .map(line -> LAST_FUNCTION.matcher(line.text()))
                    .filter(Matcher::find)
                    .map(matcher -> matcher.group(1) == null ? matcher.group(2) : matcher.group(1))
                    .findFirst();
        }
        String text = template;
        if (text.contains("{1}")) {
            text = text.replace("{1}", plain(said(report.head())));
        }
        if (text.contains("{other}")) {
            text = text.replace("{other}", Names.title(group(report.head(), "other")));
        }
        if (text.contains("{next}")) {
            text = text.replace(
                    "{next}",
                    report.lines.size() > 1 ? report.lines.get(1).text().strip() : "rust panic");
        }
        if (text.contains("{access}")) {
            text = text.replace("double-free", "invalid-free");
            text = text.replace(
                    "{access} ",
                    text.contains("invalid-free")
                            ? ""
                            : access.map(verb -> verb + " ").orElse(""));
        }
        return new Title(
                kind,
                text.replace(" in {f}", function.map(name -> " in " + name).orElse("")),
                function,
                type);
    }

    /** The head's first group; torn off its word, a head is taken for the kernel's most frequent one. */
    private static String said(Matcher head) {
        String said = head.groupCount() > 0 ? head.group(1) : "";
        return said == null ? "WARNING" : said;
    }

    /** KASAN says "Read of size" or "Write of size" in the second line (print_error_description, mm/kasan/report.c). */
    private static Optional<String> access(Report report) {
        return report.lines.stream()
                .limit(6)
                .map(line -> ACCESS.matcher(line.text()))
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1))
                .findFirst();
    }

    /** Without what differs from run to run. */
    private static String plain(String value) {
        String text = NUMBER.matcher(ADDRESS.matcher(value).replaceAll("ADDR"))
                .replaceAll("NUM")
                .strip();
        return text.length() > 120 ? text.substring(0, 120) : text;
    }

    private static String group(Matcher head, String name) {
        try {
            String value = head.group(name);
            return value == null ? "" : value;
        } catch (IllegalArgumentException noSuchGroup) {
            return "";
        }
    }
}
