// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Writes a console in the forms that services, terminals, phones, mailers and pages give to it. */
final class Forms {
    private static final Pattern RECORD =
            Pattern.compile("^(?:<\\d{1,3}>)?\\[ *(\\d{1,10}\\.\\d{6})\\](?:\\[ *([TC]\\d+)\\])?:? ?(.*)$");

    private static final Pattern LONG = Pattern.compile("(?<=.{40}) (?=\\S)");

    /** A record of the kernel. */
    record Record(double seconds, String caller, String text) {
        String stamped() {
            return String.format(Locale.ROOT, "[%12.6f]", seconds)
                    + (caller.isEmpty() ? " " : "[" + "%6s".formatted(caller) + "] ")
                    + text;
        }

        /** Returns the time of day that the record was printed at. */
        String day() {
            long millis = (long) (seconds * 1000);
            return String.format(
                    Locale.ROOT, "%02d:%02d:%02d", 4 + millis / 3600000 % 12, millis / 60000 % 60, millis / 1000 % 60);
        }

        String micros() {
            return String.format(Locale.ROOT, "%06d", (long) (seconds * 1e6) % 1000000);
        }

        String millis() {
            return micros().substring(0, 3);
        }
    }

    /** Writes one record. */
    @FunctionalInterface
    interface OfLine {
        String of(Record record);
    }

    /** Writes a whole console. */
    @FunctionalInterface
    interface OfText {
        byte[] of(List<Record> records);
    }

    /** Those that leave the kernel's stamp where it is. */
    private static final Map<String, OfLine> STAMPED = new LinkedHashMap<>();

    /** Those that put another time in its place. */
    private static final Map<String, OfLine> UNSTAMPED = new LinkedHashMap<>();

    private static final Map<String, OfText> WHOLE = new LinkedHashMap<>();

    static {
        before("dmesg -r", r -> "<4>");
        before("dmesg -x", r -> "kern  :warn  : ");
        before("RFC 3164", r -> "<4>May  7 " + r.day() + " rock kernel: ");
        before("RFC 3164 without a host", r -> "May  7 " + r.day() + " (none) kernel: ");
        before("busybox syslogd", r -> "May  7 " + r.day() + " rock kern.warn kernel: ");
        before("OpenWrt logread", r -> "Tue May  7 " + r.day() + " 2024 kern.warn kernel: ");
        before("RFC 5424", r -> "<4>1 2024-05-07T" + r.day() + "." + r.micros() + "Z rock kernel - - - ");
        before(
                "RFC 5424 with data",
                r -> "<4>1 2024-05-07T" + r.day() + "." + r.millis()
                        + "+02:00 rock kernel - - [meta sequenceId=\"7\"][origin ip=\"10.0.0.1\"] ");
        before("syslog-ng", r -> "2024-05-07T" + r.day() + "+00:00 rock kernel: ");
        before("rsyslog, ISO", r -> "2024-05-07T" + r.day() + "." + r.micros() + "+00:00 rock kernel: ");
        before("CRI", r -> "2024-05-07T" + r.day() + "." + r.micros() + "789Z stderr F ");
        before("ChromeOS", r -> "2024-05-07T" + r.day() + "." + r.micros() + "Z WARNING kernel: ");
        before("GitHub's log", r -> "2024-05-07T" + r.day() + "." + r.micros() + "7Z ");
        before("gh run view", r -> "build\tRun tests\t2024-05-07T" + r.day() + "." + r.micros() + "7Z ");
        before("GitLab", r -> "2024-05-07T" + r.day() + "." + r.micros() + "Z 00O ");
        before("Jenkins", r -> "[2024-05-07T" + r.day() + "." + r.millis() + "Z] ");
        before("Jenkins, short", r -> r.day() + "  ");
        before("Jenkins, parallel", r -> "[vm-6.1] ");
        before("LAVA", r -> r.day() + "." + r.micros() + "  ");
        before("ts", r -> "May 07 " + r.day() + " ");
        before("ts -s", r -> r.day() + " ");
        before("ts %.s", r -> "17150" + (56906 + (long) r.seconds()) + "." + r.micros() + " ");
        before("tio", r -> "[" + r.day() + "." + r.millis() + "] ");
        before("tio, 24hour-start", r -> "[00:" + r.day().substring(3) + "." + r.millis() + "] ");
        before("minicom", r -> "[2024-05-07 " + r.day() + "] ");
        before("minicom, extended", r -> "[2024-05-07 " + r.day() + "." + r.millis() + "] ");
        before("grabserial", r -> String.format(Locale.ROOT, "[%.6f 0.000012] ", r.seconds()));
        before("PuTTY's log manager", r -> "2024/05/07 " + r.day() + ": ");
        before("conserver", r -> "[Tue May  7 " + r.day() + " 2024]");
        before("ser2net", r -> "2024/05/07 " + r.day() + "." + r.millis() + " ");
        before("logging of Python", r -> "2024-05-07 " + r.day() + "," + r.millis() + " INFO vm.console: ");
        before("logging of Python, pipes", r -> "2024-05-07 " + r.day() + "," + r.millis() + " | DEBUG | serial | ");
        before("klog", r -> "I0507 " + r.day() + "." + r.micros() + "    1234 serial.go:42] ");
        before("go test", r -> "    vm_test.go:42: ");
        before("ktest", r -> "00" + r.day().substring(2) + " ");
        before("KTAP", r -> "    # ");
        before("TAP", r -> "# ");
        before("Xen, dom0", r -> "(XEN) [2024-05-07 " + r.day() + "." + r.millis() + "] (d1) ");
        before("Xen, guest", r -> "(d1) ");
        before("Xen, seconds", r -> String.format(Locale.ROOT, "(XEN) [%13.6f] d0v1 ", r.seconds()));
        before("libvirt", r -> "2024-05-07 " + r.day() + "." + r.millis() + "+0000: 1234: debug : console: ");
        before("compose", r -> "vm-1  | ");
        before("kubectl --prefix", r -> "[pod/vm-0/compute] ");
        before("stern", r -> "vm-0 compute ");
        before("netconsole's collector", r -> "10.0.0.5: ");
        before("netconsole's collector, port", r -> "10.0.0.5:6666 [4] ");
        before("fluentd", r -> "2024-05-07 " + r.day() + ".000000000 +0000 kern.warn: ");
        before("a mail's quotation", r -> "> ");
        before("quoted twice", r -> "> > ");
        before("quoted without a space", r -> ">");
        before("quoted with names", r -> "PM> ");
        before("a bar", r -> "| ");
        before("bars and angles", r -> "> | ");
        before("indented", r -> "    ");
        before("a tab", r -> "\t");
        before("a comment", r -> " * ");
        before("grep", r -> "console.log:");
        before("grep -n", r -> "logs/console.log:" + (1000 + (long) (r.seconds() * 10)) + ":");
        before("cat -n", r -> "%6d\t".formatted(1000 + (long) (r.seconds() * 10)));
        before("less -N", r -> "%7d ".formatted(1000 + (long) (r.seconds() * 10)));
        before("Buildkite", r -> "\u001b_bk;t=1715056906123\u0007");
        before("pstore", r -> "<4>");
        before("Zephyr-like console", r -> "[host] ");
        before("Windows' logger", r -> "2024-05-07 " + r.day() + " [INFO] ");

        line("MediaTek", r -> head(r) + " (1)[88:cat]" + r.text());
        line("MediaTek, old", r -> head(r) + "-(0)[88:cat]" + r.text());
        line("Samsung", r -> "<4>" + head(r) + "  [1:            cat:   88] " + r.text());
        line("Samsung, level", r -> "<4>" + head(r) + " I[1:            cat:   88] " + r.text());
        line("Qualcomm", r -> "<4>" + head(r) + " c1     88 " + r.text());
        line(
                "HiSilicon",
                r -> String.format(Locale.ROOT, "<4>[%12.6fs]", r.seconds()) + "[pid:88,cpu1,cat]" + r.text());
        line(
                "HiSilicon, date",
                r -> String.format(Locale.ROOT, "[%12.6fs]", r.seconds()) + "[2024:05:07 " + r.day()
                        + "][pid:88,cpu1,cat,0]" + r.text());
        line("Amlogic", r -> head(r) + "@1 " + r.text());
        line("Spreadtrum", r -> head(r) + " c1 " + r.text());
        line("Oplus", r -> head(r) + " [2024-05-07 " + r.day() + "." + r.micros() + "] (CPU:1-pid:88:cat) " + r.text());
        line("a colon behind the stamp", r -> head(r) + ": " + r.text());
        line("short-monotonic", r -> head(r) + " rock kernel: " + r.text());
        line("dmesg -d", r -> head(r).replaceFirst("]", " <    0.000004>]") + " " + r.text());
        line(
                "dmesg in colours",
                r -> "\u001b[32m" + head(r) + " \u001b[0m\u001b[33m"
                        + r.text().replaceFirst("^(\\w+: )?", "$1\u001b[0m\u001b[1m") + "\u001b[0m");
        line("colours as text", r -> "^[[32m" + head(r) + " ^[[0m^[[1m" + r.text() + "^[[0m");
        line("colours, a symbol", r -> "\u00e2\u0090\u009b[32m" + head(r) + " \u00e2\u0090\u009b[0m" + r.text());
        line("colours without an escape", r -> "[32m" + head(r) + " [0m[1m" + r.text() + "[0m");
        line("entities", r -> entities(head(r) + " " + r.text()));
        line("a page's lines", r -> "<span class=\"l\">" + entities(head(r) + " " + r.text()) + "</span><br/>");
        line(
                "a table of a page",
                r -> "<tr><td id=\"L1\" class=\"n\">12</td><td class=\"c\">" + entities(head(r) + " " + r.text())
                        + "</td></tr>");
        line(
                "json-file",
                r -> "{\"log\":\"" + json(head(r) + " " + r.text())
                        + "\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-07T" + r.day() + "Z\"}");
        line(
                "JSON lines",
                r -> "{\"@timestamp\":\"2024-05-07T" + r.day()
                        + "Z\",\"level\":\"warn\",\"host\":{\"name\":\"rock\"},\"message\":\""
                        + json(head(r) + " " + r.text()) + "\"}");
        line(
                "GELF",
                r -> "{\"version\":\"1.1\",\"host\":\"rock\",\"short_message\":\"" + json(head(r) + " " + r.text())
                        + "\",\"level\":4}");
        line(
                "LAVA's records",
                r -> "- {\"dt\": \"2024-05-07T" + r.day() + "." + r.micros() + "\", \"lvl\": \"target\", \"msg\": \""
                        + json(head(r) + " " + r.text()) + "\"}");
        line(
                "LAVA's records, bare",
                r -> "- {dt: '2024-05-07T" + r.day() + "', lvl: target, msg: '"
                        + (head(r) + " " + r.text()).replace("'", "''") + "'}");
        line(
                "logfmt",
                r -> "time=\"2024-05-07T" + r.day() + "Z\" level=info msg=\"" + json(head(r) + " " + r.text()) + "\"");
        line("a CSV", r -> "\"2024-05-07\",\"rock\",\"" + (head(r) + " " + r.text()).replace("\"", "\"\"") + "\"");
        line("a list in Python", r -> " '" + head(r) + " " + r.text().replace("'", "\\'") + "\\n',");
        line("bytes in Python", r -> "b'" + head(r) + " " + r.text().replace("'", "\\'") + "\\r\\n'");
        line("a string a line", r -> "    \"" + json(head(r) + " " + r.text()) + "\",");
        line("server-sent events", r -> "data: {\"line\":\"" + json(head(r) + " " + r.text()) + "\"}\n");
        line("carriage returns", r -> head(r) + " " + r.text() + "\r");
        line("two carriage returns", r -> head(r) + " " + r.text() + "\r\r");
        line("trailing blanks", r -> head(r) + " " + r.text() + "   ");

        plain("bare", r -> r.text());
        plain("dmesg -T", r -> "[Tue May  7 " + r.day() + " 2024] " + r.text());
        plain("dmesg -H", r -> "[May 7 04:41] " + r.text());
        plain("dmesg -e", r -> "[  +0.000001] " + r.text());
        plain("dmesg, ISO", r -> "2024-05-07T" + r.day() + "," + r.micros() + "+00:00 " + r.text());
        plain("short", r -> "May 07 " + r.day() + " rock kernel: " + r.text());
        plain("short-precise", r -> "May 07 " + r.day() + "." + r.micros() + " rock kernel: " + r.text());
        plain("short-iso", r -> "2024-05-07T" + r.day() + "+0200 rock kernel: " + r.text());
        plain("short-iso-precise", r -> "2024-05-07T" + r.day() + "." + r.micros() + "+02:00 rock kernel: " + r.text());
        plain("short-full", r -> "Tue 2024-05-07 " + r.day() + " CEST rock kernel: " + r.text());
        plain("with-unit", r -> "Tue 2024-05-07 " + r.day() + " UTC rock init.scope[0]: " + r.text());
        plain("short-unix", r -> "1715056906." + r.micros() + " rock kernel: " + r.text());
        plain("short-delta", r -> head(r).replaceFirst("]", " <    0.000001 >]") + " rock kernel: " + r.text());
        plain(
                "verbose",
                r -> "Tue 2024-05-07 " + r.day() + "." + r.micros()
                        + " UTC [s=1;i=2;b=3]\n    PRIORITY=4\n    _TRANSPORT=kernel\n    SYSLOG_IDENTIFIER=kernel\n    _HOSTNAME=rock\n    MESSAGE="
                        + r.text());
        plain("export", r -> "__CURSOR=s=1\n_TRANSPORT=kernel\n_HOSTNAME=rock\nMESSAGE=" + r.text() + "\n");
        plain(
                "json",
                r ->
                        "{\"__REALTIME_TIMESTAMP\":\"1715056906123456\",\"_TRANSPORT\":\"kernel\",\"_HOSTNAME\":\"rock\",\"MESSAGE\":\""
                                + json(r.text()) + "\",\"PRIORITY\":\"4\"}");
        plain(
                "json-pretty",
                r -> "{\n\t\"_TRANSPORT\" : \"kernel\",\n\t\"_HOSTNAME\" : \"rock\",\n\t\"MESSAGE\" : \""
                        + json(r.text()) + "\",\n\t\"PRIORITY\" : \"4\"\n}");
        plain("json-sse", r -> "data: {\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"" + json(r.text()) + "\"}\n");
        plain("json-seq", r -> "\u001e{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"" + json(r.text()) + "\"}");
        plain(
                "dmesg -J",
                r -> "      {\n         \"pri\": 4,\n         \"time\": "
                        + String.format(Locale.ROOT, "%12.6f", r.seconds()) + ",\n         \"msg\": \"" + json(r.text())
                        + "\"\n      },");
        plain("the word alone", r -> "kernel: " + r.text());
        plain("the host alone", r -> "rock kernel: " + r.text());
        plain("logcat threadtime", r -> "05-07 " + r.day() + "." + r.millis() + "     0     0 W         : " + r.text());
        plain(
                "logcat threadtime, user",
                r -> "05-07 " + r.day() + "." + r.millis() + "  root     0     0 W kernel  : " + r.text());
        plain("logcat brief", r -> "W/        (    0): " + r.text());
        plain("logcat time", r -> "05-07 " + r.day() + "." + r.millis() + " W/kernel  (    0): " + r.text());
        plain("logcat tag", r -> "W/kernel  : " + r.text());
        plain("linuxkit", r -> "[" + r.day() + "." + r.millis() + "][VM             ][Info   ] " + r.text());
        plain(
                "netconsole",
                r -> "4," + (long) (r.seconds() * 1000) + "," + (long) (r.seconds() * 1e6) + ",-"
                        + (r.caller().isEmpty() ? "" : ",caller=" + r.caller()) + ";" + r.text());
        plain(
                "netconsole with a release",
                r -> "6.1.0,4," + (long) (r.seconds() * 1000) + "," + (long) (r.seconds() * 1e6) + ",-;" + r.text());
        plain(
                "CloudWatch",
                r -> "{\"timestamp\": 1715056906123, \"message\": \"" + json(r.text())
                        + "\", \"ingestionTime\": 1715056907000}");
        plain("Loki", r -> "2024-05-07T" + r.day() + "Z {host=\"rock\", transport=\"kernel\"} " + r.text());
        plain(
                "Elasticsearch's record",
                r -> "{\"_source\":{\"@timestamp\":\"2024-05-07T" + r.day() + "Z\",\"message\":\"" + json(r.text())
                        + "\",\"agent\":{\"type\":\"filebeat\",\"version\":\"8.13.0\"}}}");
        plain("IPMI event", r -> "SOL> " + r.text());

        WHOLE.put("UTF-16LE", records -> text(records).getBytes(UTF_16LE));
        WHOLE.put("UTF-16BE", records -> text(records).getBytes(UTF_16BE));
        WHOLE.put("UTF-16LE with a mark", records -> ("\ufeff" + text(records)).getBytes(UTF_16LE));
        WHOLE.put("UTF-16BE with a mark", records -> ("\ufeff" + text(records)).getBytes(UTF_16BE));
        WHOLE.put(
                "UTF-16LE, lines of Windows",
                records -> ("\ufeff" + text(records).replace("\n", "\r\n")).getBytes(UTF_16LE));
        for (String order : List.of("UTF-32LE", "UTF-32BE")) {
            Charset charset = Charset.forName(order);
            WHOLE.put(order, records -> text(records).getBytes(charset));
            WHOLE.put(order + " with a mark", records -> ("\ufeff" + text(records)).getBytes(charset));
        }
        WHOLE.put("UTF-8 with a mark", records -> ("\ufeff" + text(records)).getBytes(UTF_8));
        WHOLE.put(
                "lines of Windows",
                records -> text(records).replace("\n", "\r\n").getBytes(ISO_8859_1));
        WHOLE.put("one string", records -> ("\"" + json(text(records)) + "\"").getBytes(ISO_8859_1));
        WHOLE.put(
                "a member of JSON",
                records -> ("{\"id\": 7, \"name\": \"console\", \"content\": \"" + json(text(records)) + "\"}")
                        .getBytes(ISO_8859_1));
        WHOLE.put(
                "quoted-printable",
                records -> ("Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n\n"
                                + quotedPrintable(text(records)))
                        .getBytes(ISO_8859_1));
        WHOLE.put(
                "base64",
                records -> ("Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n"
                                + Base64.getMimeEncoder(76, new byte[] {'\n'})
                                        .encodeToString(text(records).getBytes(ISO_8859_1))
                                + "\n")
                        .getBytes(ISO_8859_1));
        for (int width : new int[] {72, 76, 78, 80}) {
            WHOLE.put(
                    "wrapped at " + width,
                    records -> wrapped(text(records), width, "").getBytes(ISO_8859_1));
        }
        WHOLE.put(
                "wrapped at 72, quoted",
                records -> wrapped(text(records), 72, "> ").getBytes(ISO_8859_1));
        WHOLE.put(
                "wrapped at 72, bare", records -> wrapped(bare(records), 72, "").getBytes(ISO_8859_1));
        WHOLE.put(
                "wrapped at 76, bare", records -> wrapped(bare(records), 76, "").getBytes(ISO_8859_1));
        WHOLE.put("flowed", records -> flowed(text(records)).getBytes(ISO_8859_1));
        WHOLE.put("Markdown", records -> ("```\n" + text(records) + "```\n").getBytes(ISO_8859_1));
        WHOLE.put(
                "a page",
                records -> ("<html><body><pre>\n" + entities(text(records)) + "</pre></body></html>\n")
                        .getBytes(ISO_8859_1));
        WHOLE.put(
                "cut to fit",
                records -> text(records)
                        .lines()
                        .map(line -> line.length() > 100 ? line.substring(0, 100) : line)
                        .collect(Collectors.joining("\n", "", "\n"))
                        .getBytes(ISO_8859_1));
        WHOLE.put(
                "blank lines between",
                records -> text(records).replace("\n", "\n\n").getBytes(ISO_8859_1));
    }

    private Forms() {}

    private static void before(String name, OfLine prefix) {
        STAMPED.put(name, record -> prefix.of(record) + record.stamped());
    }

    private static void line(String name, OfLine whole) {
        STAMPED.put(name, whole);
    }

    private static void plain(String name, OfLine whole) {
        UNSTAMPED.put(name, whole);
    }

    private static String head(Record record) {
        return String.format(Locale.ROOT, "[%12.6f]", record.seconds())
                + (record.caller().isEmpty() ? "" : "[" + "%6s".formatted(record.caller()) + "]");
    }

    /** Returns all forms by name. */
    static Map<String, OfText> all() {
        Map<String, OfText> forms = new LinkedHashMap<>();
        STAMPED.forEach((name, form) -> forms.put(name, lines(form)));
        UNSTAMPED.forEach((name, form) -> forms.put(name, lines(form)));
        UNSTAMPED.forEach((name, form) -> {
            if (!name.startsWith("dmesg")
                    && !name.startsWith("netconsole")
                    && !name.startsWith("short-delta")
                    && !name.equals("bare")) {
                forms.put(name + ", stamped", lines(r -> form.of(new Record(r.seconds(), r.caller(), r.stamped()))));
            }
        });
        forms.putAll(WHOLE);
        return forms;
    }

    static boolean keepsCallers(String form) {
        return STAMPED.containsKey(form)
                || form.endsWith(", stamped")
                || WHOLE.containsKey(form) && !form.contains("bare");
    }

    /** Returns whether a form loses a part of some lines. */
    static boolean loses(String form) {
        return form.startsWith("wrapped") || form.equals("flowed") || form.equals("cut to fit");
    }

    static byte[] written(List<Record> records) {
        return text(records).getBytes(ISO_8859_1);
    }

    private static OfText lines(OfLine form) {
        return records -> records.stream()
                .map(form::of)
                .collect(Collectors.joining("\n", "", "\n"))
                .getBytes(ISO_8859_1);
    }

    private static String text(List<Record> records) {
        return records.stream().map(Record::stamped).collect(Collectors.joining("\n", "", "\n"));
    }

    private static String bare(List<Record> records) {
        return records.stream().map(Record::text).collect(Collectors.joining("\n", "", "\n"));
    }

    /** Returns the records of a console; lines without a stamp get that of the line before. */
    static List<Record> records(byte[] console) {
        List<Record> records = new ArrayList<>();
        double seconds = 10;
        String caller = "";
        for (String line : new String(console, ISO_8859_1).split("\n", -1)) {
            Matcher record = RECORD.matcher(line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
            if (record.matches()) {
                seconds = Double.parseDouble(record.group(1));
                caller = record.group(2) == null ? "" : record.group(2);
                records.add(new Record(seconds, caller, record.group(3)));
            } else if (!line.isEmpty()) {
                records.add(new Record(seconds, caller, line));
            }
        }
        return records;
    }

    private static String entities(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /** As Go's encoder writes it. */
    private static String json(String text) {
        return text.replace("\\", "\\\\")
                .replace("\"", "\\\"")
                .replace("\t", "\\t")
                .replace("\r", "\\r")
                .replace("\n", "\\n")
                .replace("<", "\\u003c")
                .replace(">", "\\u003e")
                .replace("&", "\\u0026");
    }

    private static String quotedPrintable(String text) {
        StringBuilder quoted = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            String whole = line.replace("=", "=3D").replace("\t", "=09");
            while (whole.length() > 76) {
                int end = 75;
                end = whole.charAt(end - 1) == '=' ? end - 1 : whole.charAt(end - 2) == '=' ? end - 2 : end;
                quoted.append(whole, 0, end).append("=\n");
                whole = whole.substring(end);
            }
            quoted.append(whole.endsWith(" ") ? whole.substring(0, whole.length() - 1) + "=20" : whole)
                    .append('\n');
        }
        return quoted.toString();
    }

    private static String wrapped(String text, int width, String quote) {
        StringBuilder wrapped = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            String rest = line;
            while (rest.length() > width) {
                int space = rest.lastIndexOf(' ', width);
                if (space <= 0 || rest.substring(0, space).isBlank()) {
                    space = rest.indexOf(' ', width);
                }
                if (space < 0) {
                    break;
                }
                wrapped.append(quote).append(rest, 0, space).append('\n');
                rest = rest.substring(space + 1);
            }
            wrapped.append(quote).append(rest).append('\n');
        }
        return wrapped.toString();
    }

    /** format=flowed of RFC 3676: a space before the end of a line that goes on. */
    private static String flowed(String text) {
        StringBuilder flowed = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            String rest = line.startsWith(" ") || line.startsWith(">") ? " " + line : line;
            while (rest.length() > 72) {
                int space = rest.lastIndexOf(' ', 72);
                if (space <= 0 || rest.substring(0, space).isBlank()) {
                    break;
                }
                flowed.append(rest, 0, space + 1).append('\n');
                rest = rest.substring(space + 1);
            }
            flowed.append(rest).append('\n');
        }
        return flowed.toString();
    }
}
