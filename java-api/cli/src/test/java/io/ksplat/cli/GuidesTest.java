// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.engine.internal.program.ProgramSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the pages say is so: commands are understood, links lead somewhere, messages are those that are printed. */
class GuidesTest {
    private static final Path ROOT = Path.of("../..");
    private static final int README_LINES = 150;

    private static final Pattern FENCE = Pattern.compile("^```.*?^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\[[^]]*]\\(([^)\\s]+)\\)|(?:src|srcset)=\"([^\"]+)\"");
    private static final Pattern HEADING = Pattern.compile("^#+ (.*)$", Pattern.MULTILINE);
    private static final Pattern INLINE = Pattern.compile("`((?:\\./)?ksplat [^`]+)`");
    private static final Pattern LINE = Pattern.compile("^(?:    |\\$ )?(\\./ksplat .*)$", Pattern.MULTILINE);

    /** What a build, a test or git wrote is no page of the project. */
    private static final Set<String> NOT_OURS = Set.of("target", "build", "ksplat-report", ".git", ".github");

    /** Making one takes longer than parsing with it. */
    private static final CommandLine COMMANDS = Main.commandLine(false);

    /** Pages of the project. */
    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return NOT_OURS.contains(String.valueOf(folder.getFileName()))
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(".md")) {
                    pages.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        assertThat(pages).hasSizeGreaterThan(20);
        return pages;
    }

    private static List<Path> docs() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void theReadmeIsShort() throws IOException {
        assertThat(Files.readAllLines(ROOT.resolve("README.md"))).hasSizeLessThanOrEqualTo(README_LINES);
    }

    /** The picture is of the run whose output stands below it. */
    @Test
    void thePictureShowsWhatTheReadmePrints() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        List<String> shown = Pattern.compile("<text class=\"(?:frame|source)[^>]*>([^<]+)<")
                .matcher(Files.readString(ROOT.resolve("docs/images/deadlock.svg")))
                .results()
                .map(text -> text.group(1))
                .toList();
        assertThat(shown)
                .hasSizeGreaterThan(15)
                .allSatisfy(frame -> assertThat(readme).contains(" " + frame));
    }

    @Test
    void theGuideHasEachSettingOfAProgram() throws IOException {
        String guide = Files.readString(ROOT.resolve("docs/own-reproducers.md"));

        assertThat(ProgramSettings.NAMES)
                .hasSizeGreaterThan(10)
                .allSatisfy(name -> assertThat(guide).containsPattern("[` ]" + name + "="));
    }

    @Test
    void theTableOfContentsHasEachPage() throws IOException {
        List<String> names = docs().stream()
                .map(file -> String.valueOf(file.getFileName()).replace(".md", ""))
                .filter(name -> !name.equals("README"))
                .toList();
        assertThat(Guides.in(ROOT.resolve("docs")).all())
                .extracting(Guides.Guide::name)
                .containsExactlyInAnyOrderElementsOf(names);
    }

    @Test
    void eachLinkLeadsSomewhere() throws IOException {
        List<String> broken = new ArrayList<>();
        int seen = 0;
        for (Path page : pages()) {
            String text = FENCE.matcher(Files.readString(page)).replaceAll("").replaceAll("`[^`\n]*`", "code");
            for (MatchResult link : LINK.matcher(text).results().toList()) {
                String to = link.group(1) == null ? link.group(2) : link.group(1);
                if (!to.matches("[a-z]+:.*")) {
                    seen++;
                    if (!leads(page, to)) {
                        broken.add(page + ": " + to);
                    }
                }
            }
        }
        assertThat(seen).isGreaterThan(60);
        assertThat(broken).isEmpty();
    }

    private static boolean leads(Path page, String to) throws IOException {
        String[] parts = to.split("#", 2);
        Path target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]);
        return Files.exists(target) && (parts.length == 1 || anchors(target).contains(parts[1]));
    }

    /** As GitHub makes them: of letters, digits, hyphens and spaces, in lower case. */
    private static List<String> anchors(Path page) throws IOException {
        String text = FENCE.matcher(Files.readString(page)).replaceAll("");
        return HEADING.matcher(text)
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .toList();
    }

    @Test
    void eachCommandIsUnderstood() throws IOException {
        List<String> wrong = new ArrayList<>();
        int seen = 0;
        for (Path page : pages()) {
            for (String command : commands(Files.readString(page))) {
                seen++;
                refusal(command).ifPresent(why -> wrong.add(page.getFileName() + ": " + command + ": " + why));
            }
        }
        assertThat(seen).isGreaterThan(60);
        assertThat(wrong).isEmpty();
    }

    /** Those of blocks, and those in a line that name at least a command. */
    private static List<String> commands(String page) {
        String joined = page.replaceAll("\\\\\n\\s*", " ");
        return Stream.concat(
                        LINE.matcher(joined).results(), INLINE.matcher(joined).results())
                .map(found -> found.group(1))
                .toList();
    }

    private static Optional<String> refusal(String command) throws IOException {
        List<String> words = words(command);
        boolean mentioned = words.size() == 1 && COMMANDS.getSubcommands().containsKey(words.get(0));
        if (words.isEmpty()
                || mentioned
                || HelpCommand.LAUNCHERS.containsKey(words.get(0))
                || words.get(0).matches("\\.\\.\\.|COMMAND")) {
            return Optional.empty();
        }
        try {
            CommandLine.ParseResult parsed = COMMANDS.parseArgs(words.toArray(String[]::new));
            if (parsed.hasSubcommand()
                    && parsed.subcommand().commandSpec().name().equals("help")) {
                return helps(words) ? Optional.empty() : Optional.of("helps with nothing");
            }
            return Optional.empty();
        } catch (CommandLine.ParameterException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** A name in capitals stands for any. */
    private static boolean helps(List<String> words) throws IOException {
        String name = words.size() < 2 ? "NAME" : words.get(1);
        return name.matches("[A-Z]+")
                || COMMANDS.getSubcommands().containsKey(name)
                || Guides.in(ROOT.resolve("docs")).find(name).isPresent();
    }

    /** The words of a command up to the end of it, without marks for what may be left out. */
    private static List<String> words(String command) {
        String one = command.replaceFirst("^(\\./)?ksplat", "")
                .replaceAll("\\$\\([^)]*\\)", "X")
                .replaceAll("\\s(#|&|\\||;|>|2>).*", "")
                .replaceAll("[\\[\\]'\"]|\\.\\.\\.", "")
                .strip();
        return Arrays.stream(one.split("\\s+"))
                .filter(word -> !word.isEmpty() && !word.equals("--yes"))
                .map(word -> word.equals("N") ? "1" : word)
                .toList();
    }

    /** What is quoted in the first column of a table of errors, as it stands in the sources. */
    @Test
    void troubleshootingQuotesWhatIsPrinted() throws IOException {
        String sources = sources();
        List<String> unknown = new ArrayList<>();
        int seen = 0;
        Matcher row = Pattern.compile("^\\| (`[^|]*) \\|", Pattern.MULTILINE)
                .matcher(Files.readString(ROOT.resolve("docs/troubleshooting.md")));
        while (row.find()) {
            Matcher quoted = Pattern.compile("`([^`]+)`").matcher(row.group(1));
            while (quoted.find()) {
                for (String part : quoted.group(1).split("\\.\\.\\.|\\d[.\\d]*", -1)) {
                    if (part.strip().length() > 8) {
                        seen++;
                        if (!sources.contains(part.strip())) {
                            unknown.add(part.strip());
                        }
                    }
                }
            }
        }
        assertThat(seen).isGreaterThan(10);
        assertThat(unknown).as("messages that nothing prints").isEmpty();
    }

    /** The sources, with strings that go over several lines in one. */
    private static String sources() throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> modules = Files.list(ROOT.resolve("java-api"));
                Stream<Path> scripts = Files.list(ROOT.resolve("scripts"));
                Stream<Path> programs = Files.walk(ROOT.resolve("native/src"))) {
            for (Path module : modules.filter(Files::isDirectory).toList()) {
                try (Stream<Path> java = Files.walk(module.resolve("src/main/java"))) {
                    java.filter(Files::isRegularFile).forEach(files::add);
                }
            }
            scripts.filter(Files::isRegularFile).forEach(files::add);
            programs.filter(Files::isRegularFile).forEach(files::add);
        }
        return files.stream()
                .map(file -> {
                    try {
                        return Files.readString(file).replaceAll("\"\\s*\\+\\s*\"", "");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .collect(Collectors.joining("\n"));
    }
}
