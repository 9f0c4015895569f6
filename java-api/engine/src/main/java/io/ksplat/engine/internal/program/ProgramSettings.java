// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.evidence.Verdict;
import io.ksplat.evidence.internal.console.ReportTitle;
import io.ksplat.kernel.internal.rootfs.RootSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Settings of a program in words, by their names: as options of the command line, {@code --cflags -pthread}, and in a comment of the
 * file, {@code // ksplat: cflags=-pthread lasts=30s} or {@code # ksplat: modules=tun}. A value with spaces stands in double quotes.
 */
public record ProgramSettings(Map<String, List<String>> values) {
    /** Those that there are. */
    public static final List<String> NAMES = List.of(
            "cflags", "boot", "cpus", "memory", "nodes", "modules", "root", "disk", "user", "lasts", "reaches", "env",
            "expect", "bug");

    /** Of these a later one is added to an earlier one; of the others it takes its place. */
    private static final Set<String> SEVERAL = Set.of("cflags", "boot", "modules", "disk", "reaches", "env");

    /** A bug like any other. */
    private static final String ANY = "any";

    static final ProgramSettings NONE = new ProgramSettings(Map.of());

    /** A comment stands at the beginning; a binary has none. */
    private static final int HEAD = 64 * 1024;

    private static final Pattern COMMENT =
            Pattern.compile("^[ \\t]*(?://+|#+|/?\\*+)[ \\t]*ksplat:(?<settings>.*?)(?:\\*/[ \\t]*)?$");
    private static final Pattern SETTING =
            Pattern.compile("\\s*(?<name>[^\\s=\"]+)=(?<value>(?:\"[^\"]*\"|[^\\s\"])*)(?=\\s|$)|\\s*(?<wrong>\\S+)");
    private static final Pattern DURATION = Pattern.compile("(?<number>[0-9]{1,6})(?<unit>ms|s|min|h)");
    private static final Pattern SIZE = Pattern.compile("(?<number>[0-9]{1,6})(?<unit>[MG])(?:i?B)?");
    private static final Pattern REACH =
            Pattern.compile("(?<function>[A-Za-z_][A-Za-z0-9_.]*)(?::(?<times>[0-9]{1,15}))?");
    private static final Pattern USER = Pattern.compile("[a-z_][a-z0-9_-]*|[0-9]{1,9}");
    private static final Pattern MODULE = Pattern.compile("[A-Za-z0-9_-]{1,60}");
    private static final Pattern ROOT = Pattern.compile("\\S.*", Pattern.DOTALL);
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*=.*", Pattern.DOTALL);

    public ProgramSettings {
        values = Map.copyOf(values);
    }

    /**
     * Reads the comment lines at the beginning of a file.
     *
     * @throws IllegalArgumentException in one line, if they make no sense
     */
    static ProgramSettings ofComments(Path file) throws IOException {
        String head;
        try (InputStream in = Files.newInputStream(file)) {
            head = new String(in.readNBytes(HEAD), StandardCharsets.UTF_8);
        }
        ProgramSettings settings = NONE;
        String[] lines = head.split("\\R", -1);
        for (int number = 0; number < lines.length; number++) {
            Matcher comment = COMMENT.matcher(lines[number]);
            if (comment.matches()) {
                try {
                    settings = settings.with(inFolderOf(file, parse(comment.group("settings"))));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException(file + ":" + (number + 1) + ": " + e.getMessage(), e);
                }
            }
        }
        return settings;
    }

    /** A path in a file is seen from the file, and one on the command line from where that was typed. */
    private static Map<String, List<String>> inFolderOf(Path file, Map<String, List<String>> settings) {
        settings.computeIfPresent(
                "root",
                (name, texts) -> texts.stream()
                        .map(text -> RootSpec.parse(text) instanceof RootSpec.Here here
                                ? file.resolveSibling(here.path()).toString()
                                : text)
                        .toList());
        return settings;
    }

    /** Reads what stands behind {@code ksplat:}. */
    static Map<String, List<String>> parse(String line) {
        Map<String, List<String>> parsed = new HashMap<>();
        Matcher setting = SETTING.matcher(line.strip());
        while (setting.lookingAt()) {
            if (setting.group("wrong") != null) {
                throw new IllegalArgumentException("\"" + setting.group("wrong")
                        + "\" is no setting: write NAME=VALUE, and NAME=\"A B\" for spaces");
            }
            parsed.computeIfAbsent(setting.group("name"), name -> new ArrayList<>())
                    .add(setting.group("value").replace("\"", ""));
            setting.region(setting.end(), setting.regionEnd());
        }
        return parsed;
    }

    /**
     * Returns these with others that go before them or are added.
     *
     * @throws IllegalArgumentException in one line, if there is no such setting, or its value makes no sense
     */
    ProgramSettings with(Map<String, List<String>> others) {
        Map<String, List<String>> all = new TreeMap<>(values);
        others.forEach((name, texts) -> {
            if (!NAMES.contains(name)) {
                throw new IllegalArgumentException(
                        "there is no setting " + name + " of a program; there are " + String.join(", ", NAMES));
            }
            if (!texts.isEmpty()) {
                all.merge(
                        name,
                        SEVERAL.contains(name) ? texts : texts.subList(texts.size() - 1, texts.size()),
                        (old, more) -> SEVERAL.contains(name)
                                ? Stream.concat(old.stream(), more.stream()).toList()
                                : more);
            }
        });
        ProgramSettings together = new ProgramSettings(all);
        together.check();
        return together;
    }

    private void check() {
        machine(Optional.empty());
        lasts();
        reaches();
        user();
        environment();
        expect();
        bug();
    }

    /**
     * Returns what they and a source say.
     *
     * @param source empty: it has none
     */
    ProgramSpec of(Path file, ProgramSpec.Kind kind, List<String> arguments, String source) {
        Optional<LtpTest> test = kind == ProgramSpec.Kind.C ? LtpTest.read(source) : Optional.empty();
        return new ProgramSpec(
                file,
                kind,
                arguments,
                words("cflags"),
                words("boot"),
                machine(test),
                user(),
                lasts(),
                reaches(),
                environment(),
                expect(),
                values.containsKey("bug") ? bug() : SyzbotHeader.bug(source),
                test);
    }

    private Stream<String> texts(String name) {
        return values.getOrDefault(name, List.of()).stream();
    }

    private List<String> words(String name) {
        return texts(name)
                .flatMap(text -> Arrays.stream(text.split("\\s+")))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private Stream<String> listed(String name) {
        return texts(name).flatMap(text -> Arrays.stream(text.split(",", -1)));
    }

    private <T> Optional<T> last(String name, Function<String, T> reader) {
        return texts(name).reduce((first, second) -> second).map(reader);
    }

    /** What a test needs it gets, if nothing else is said: the run tells what it does not get. */
    private MachineNeeds machine(Optional<LtpTest> test) {
        int cpus =
                Math.max(MachineNeeds.STANDARD.cpus(), test.map(LtpTest::cpus).orElse(0));
        int memoryMiB = Math.max(
                MachineNeeds.STANDARD.memoryMiB(), test.map(LtpTest::machineMiB).orElse(0));
        return new MachineNeeds(
                last("cpus", text -> number("cpus", text)).orElse(Math.min(cpus, MachineNeeds.MOST_CPUS)),
                last("memory", text -> mebibytes("memory", text))
                        .orElse(Math.min(memoryMiB, MachineNeeds.MOST_MEMORY_MIB)),
                last("nodes", text -> number("nodes", text)).orElse(1),
                Stream.concat(
                                listed("modules")
                                        .map(text -> matching(
                                                "modules", MODULE, text, "names of modules, joined by commas")),
                                test.stream().flatMap(said -> said.drivers().stream()))
                        .distinct()
                        .toList(),
                last("root", text -> matching("root", ROOT, text, "debian[:SUITE][+PACKAGE...] or a path")),
                listed("disk").map(text -> mebibytes("disk", text)).toList());
    }

    private Optional<String> user() {
        return last("user", text -> matching("user", USER, text, "a name or a number"));
    }

    private Optional<Duration> lasts() {
        return last("lasts", ProgramSettings::duration);
    }

    private List<ProgramSpec.Reach> reaches() {
        return listed("reaches").map(ProgramSettings::reach).toList();
    }

    private Map<String, String> environment() {
        Map<String, String> variables = new TreeMap<>();
        texts("env")
                .map(text -> matching("env", VARIABLE, text, "VARIABLE=VALUE"))
                .forEach(text -> {
                    int equals = text.indexOf('=');
                    variables.put(text.substring(0, equals), text.substring(equals + 1));
                });
        return variables;
    }

    private Optional<Verdict> expect() {
        return last(
                "expect",
                text -> Arrays.stream(Verdict.values())
                        .filter(verdict -> verdict.name().equalsIgnoreCase(text))
                        .findFirst()
                        .orElseThrow(() -> wrong(
                                "expect",
                                text,
                                "one of " + Arrays.toString(Verdict.values()).toLowerCase(Locale.ROOT))));
    }

    private Optional<ReportTitle> bug() {
        return last("bug", text -> text)
                .filter(text -> !text.equals(ANY))
                .map(text -> ReportTitle.parse(text)
                        .orElseThrow(() -> wrong(
                                "bug",
                                text,
                                "the title of a report, such as \"KASAN: slab-use-after-free Read in foo\", or any")));
    }

    private static int number(String name, String text) {
        if (!text.matches("[0-9]{1,6}")) {
            throw wrong(name, text, "a number");
        }
        return Integer.parseInt(text);
    }

    private static int mebibytes(String name, String text) {
        Matcher size = SIZE.matcher(text);
        if (!size.matches()) {
            throw wrong(name, text, "a size such as 512M or 2G");
        }
        long number = Long.parseLong(size.group("number"));
        return Math.toIntExact(size.group("unit").equals("G") ? number * 1024 : number);
    }

    private static Duration duration(String text) {
        Matcher duration = DURATION.matcher(text);
        if (!duration.matches() || Long.parseLong(duration.group("number")) == 0) {
            throw wrong("lasts", text, "a time such as 500ms, 30s or 2min");
        }
        long number = Long.parseLong(duration.group("number"));
        return switch (duration.group("unit")) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "min" -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        };
    }

    private static ProgramSpec.Reach reach(String text) {
        Matcher reach = REACH.matcher(text);
        if (!reach.matches()) {
            throw wrong("reaches", text, "a function of the kernel, FUNCTION or FUNCTION:TIMES");
        }
        long times = reach.group("times") == null ? 1 : Long.parseLong(reach.group("times"));
        if (times == 0) {
            throw wrong("reaches", text, "a function that is called at least once");
        }
        return new ProgramSpec.Reach(reach.group("function"), times);
    }

    private static String matching(String name, Pattern pattern, String text, String what) {
        if (!pattern.matcher(text).matches()) {
            throw wrong(name, text, what);
        }
        return text;
    }

    private static IllegalArgumentException wrong(String name, String text, String what) {
        return new IllegalArgumentException(name + " is " + what + ", and not \"" + text + "\"");
    }
}
