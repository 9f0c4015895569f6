// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.results.KernelName;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.ProgramRecord;
import io.ksplat.results.RunRecord;
import io.ksplat.results.TimelineEvent;
import io.ksplat.results.ToolRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Removes from text what tells on whose machine it was written: the host's name, the user's, folders, the environment. A path below
 * the report or the working folder becomes relative to it; the home folder becomes {@code ~}; of any other path only the last name
 * stays, except of those that every Linux has.
 */
public final class Redactor {
    /** Not preceded by what makes it the middle of a longer path or of a fraction; {@code -I/usr} and the like begin one. */
    private static final String BEGIN = "(?:(?<![\\w.~/+-])|(?<=(?<![\\w-])-[A-Za-z]))";

    private static final String NAME = "[^\\s/\"'`()\\[\\]{}<>|,;:=]";
    private static final Pattern PATH = Pattern.compile(BEGIN + "/(?!/)[^\\s\"'`()\\[\\]{}<>|,;:=]+");
    private static final Pattern PUBLIC = Pattern.compile("/(?:proc|sys|dev|usr|bin|sbin|lib(?:32|64)?|etc|boot)/");
    private static final Pattern SOMEBODYS_HOME = Pattern.compile(BEGIN + "/(?:home/" + NAME + "+|root)(?![\\w-])");
    private static final Pattern ASSIGNMENT = Pattern.compile("(?<!\\w)([A-Za-z_]\\w*)=([^\\s\"']*)");

    /** Words of ksplat's own texts, and names that many machines and users have: to keep them tells nothing. */
    private static final Set<String> COMMON = Set.of(
            "admin",
            "build",
            "builder",
            "cloud",
            "core",
            "debian",
            "file",
            "fedora",
            "guest",
            "host",
            "kernel",
            "ksplat",
            "linux",
            "local",
            "localhost",
            "machine",
            "none",
            "package",
            "qemu",
            "root",
            "runner",
            "source",
            "task",
            "test",
            "tree",
            "ubuntu",
            "user",
            "vagrant");

    private static final int LONG_NAME = 4;
    private static final Pattern DISTINCT = Pattern.compile("[0-9.-]");

    /** What a folder's path becomes. */
    private static final class Folder {
        private final Pattern itself;
        private final Optional<Pattern> parent;
        private final int length;

        /** A folder to which the paths below it become relative, or the home folder. */
        Folder(Path path, boolean relative) {
            String quoted = BEGIN + Pattern.quote(path.toString());
            itself = Pattern.compile(quoted + "(?![\\w-]|\\.\\w)");
            parent = relative ? Optional.of(Pattern.compile(quoted + "/(?=" + NAME + ")")) : Optional.empty();
            length = path.getNameCount() == 0 ? 0 : path.toString().length();
        }

        boolean isRoot() {
            return length == 0;
        }

        int length() {
            return length;
        }

        String in(String text) {
            return parent.isPresent()
                    ? itself.matcher(parent.get().matcher(text).replaceAll("")).replaceAll(".")
                    : itself.matcher(text).replaceAll("~");
        }
    }

    private final List<Folder> folders;
    private final List<Pattern> hosts = new ArrayList<>();
    private final Optional<Pattern> user;
    private final Predicate<String> isVariable;

    /**
     * Prepares the rules.
     *
     * @param below paths in these folders become relative to them
     * @param home the user's home folder
     * @param user the user's name
     * @param host the host's name
     * @param isVariable whether the environment has a variable of a name
     */
    Redactor(List<Path> below, Path home, String user, String host, Predicate<String> isVariable) {
        // The longest first: the working folder may lie in the home folder, and the report in either.
        folders = Stream.concat(below.stream().map(path -> new Folder(path, true)), Stream.of(new Folder(home, false)))
                .filter(folder -> !folder.isRoot())
                .sorted(Comparator.comparingInt(Folder::length).reversed())
                .toList();
        int domain = host.indexOf('.');
        for (String name : domain > 0 ? List.of(host, host.substring(0, domain)) : List.of(host)) {
            if (tells(name)) {
                hosts.add(word(name));
            }
        }
        this.user = tells(user) ? Optional.of(word(user)) : Optional.empty();
        this.isVariable = isVariable;
    }

    /** A short name may be any word of a text: {@code bpf}, {@code dev}. */
    private static boolean tells(String name) {
        return !COMMON.contains(name)
                && (name.length() >= LONG_NAME || DISTINCT.matcher(name).find());
    }

    private static Pattern word(String name) {
        return Pattern.compile("(?<![\\w/-])" + Pattern.quote(name) + "(?![\\w/-])");
    }

    /** Returns what this process has to remove from a text that belongs to no report. */
    public static Redactor ofThisProcess() {
        return below(List.of());
    }

    /** Returns what this process has to remove from the text of a report. */
    public static Redactor ofThisProcess(Path report) {
        return below(List.of(report));
    }

    private static Redactor below(List<Path> first) {
        List<Path> below = new ArrayList<>();
        for (Path folder : first) {
            below.add(folder.toAbsolutePath().normalize());
            real(folder).ifPresent(below::add);
        }
        Path here = Path.of("").toAbsolutePath();
        below.add(here);
        real(here).ifPresent(below::add);
        return new Redactor(
                below.stream().distinct().toList(),
                Path.of(System.getProperty("user.home", "/")),
                System.getProperty("user.name", ""),
                Host.NAME,
                System.getenv()::containsKey);
    }

    private static Optional<Path> real(Path folder) {
        try {
            return Optional.of(folder.toRealPath());
        } catch (IOException e) {
            // A folder that is not there has no other name.
            return Optional.empty();
        }
    }

    /** Read once, and only if a report is written. */
    private static final class Host {
        static final String NAME = read();

        private static String read() {
            try {
                return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
            } catch (IOException e) {
                return System.getenv().getOrDefault("HOSTNAME", "");
            }
        }
    }

    /** Returns text of ksplat's own: a note, a message, an argument. */
    public String text(String text) {
        return names(variables(paths(text)));
    }

    /** Returns a kernel spec, whose words may be a host's name, too. */
    public String spec(String spec) {
        return paths(spec);
    }

    /** Returns a record without it. The kernel's spec stays: it is what callers know the kernel by, see {@link #spec(RunRecord)}. */
    public RunRecord record(RunRecord run) {
        return run.toBuilder()
                .target(text(run.target()))
                .mismatch(run.mismatch().map(this::text))
                .because(run.because().map(this::text))
                .message(run.message().map(this::text))
                .evidence(run.evidence().stream().map(this::evidence).toList())
                .nmis(run.nmis().stream().map(this::nmi).toList())
                .timeline(run.timeline().stream()
                        .map(event -> new TimelineEvent(event.atMs(), event.cpu(), event.event(), text(event.what())))
                        .toList())
                .notes(run.notes().stream().map(this::text).toList())
                .program(run.program()
                        .map(program -> new ProgramRecord(
                                program.exit(),
                                program.signal(),
                                names(program.stdout()),
                                names(program.stderr()),
                                program.usage())))
                .tool(run.tool()
                        .map(tool -> new ToolRecord(
                                tool.version(),
                                tool.arguments().stream().map(this::text).toList(),
                                tool.seed())))
                .build();
    }

    /** Returns a record with the kernel's spec as a file may hold it. */
    public RunRecord spec(RunRecord run) {
        KernelName kernel = run.kernel();
        String spec = spec(kernel.spec());
        return spec.equals(kernel.spec())
                ? run
                : run.toBuilder()
                        .kernel(new KernelName(spec, kernel.release(), kernel.key(), kernel.config()))
                        .build();
    }

    private NmiRecord nmi(NmiRecord nmi) {
        return new NmiRecord(
                text(nmi.source()), nmi.cpu(), nmi.address(), nmi.where().map(this::text), nmi.task(), nmi.atMs());
    }

    /** What a kernel printed knows nothing of the host; where a function's source lies may be a folder of it. */
    private Evidence evidence(Evidence found) {
        if (found.stacks().stream().allMatch(stack -> stack.frames().stream().allMatch(this::isOfNoFile))) {
            return found;
        }
        return found.with(found.stacks().stream()
                .map(stack ->
                        stack.with(stack.frames().stream().map(this::frame).toList()))
                .toList());
    }

    private boolean isOfNoFile(Frame frame) {
        return frame.file().isEmpty()
                || text(frame.file().get()).equals(frame.file().get());
    }

    private Frame frame(Frame frame) {
        return new Frame(
                frame.function(),
                frame.offset(),
                frame.file().map(this::text),
                frame.line(),
                frame.inlined(),
                frame.certain(),
                frame.pointer());
    }

    private String paths(String text) {
        if (text.indexOf('/') < 0) {
            return text;
        }
        String rest = text;
        for (Folder folder : folders) {
            rest = folder.in(rest);
        }
        rest = SOMEBODYS_HOME.matcher(rest).replaceAll("~");
        return PATH.matcher(rest).replaceAll(found -> Matcher.quoteReplacement(lastName(found.group())));
    }

    private static String lastName(String path) {
        int last = path.lastIndexOf('/');
        return last == 0 || PUBLIC.matcher(path).lookingAt() ? path : "..." + path.substring(last);
    }

    private String variables(String text) {
        return text.indexOf('=') < 0
                ? text
                : ASSIGNMENT
                        .matcher(text)
                        .replaceAll(found -> Matcher.quoteReplacement(
                                isVariable.test(found.group(1)) ? "[environment]" : found.group()));
    }

    private String names(String text) {
        String rest = text;
        for (Pattern host : hosts) {
            rest = host.matcher(rest).replaceAll("HOST");
        }
        return user.isPresent() ? user.get().matcher(rest).replaceAll("USER") : rest;
    }
}
