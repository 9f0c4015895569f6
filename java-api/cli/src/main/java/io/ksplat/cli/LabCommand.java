// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.lab.JobRun;
import io.ksplat.campaign.internal.lab.Lab;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "lab",
        description = {
            "Is a lab of KernelCI that pulls its jobs (PULL_LABS): polls for jobs, runs their reproducers, and posts the results to KCIDB.",
            "The token for KCIDB comes from --token-file or from KSPLAT_LAB_TOKEN, that for the API, if it wants one, from KSPLAT_LAB_API_TOKEN."
        },
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:all that was run is posted, whatever the verdicts",
            "2:usage",
            "3:a server did not answer, or refused a token or results; what was run is kept"
        })
final class LabCommand implements Callable<Integer> {
    private static final String TOKEN = "KSPLAT_LAB_TOKEN";
    private static final String API_TOKEN = "KSPLAT_LAB_API_TOKEN";
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    /** How long a signal waits for the job that is on to write what it has. */
    private static final long GRACE_SECONDS = 30;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--api",
            paramLabel = "URL",
            required = true,
            description = "KernelCI's API, https://HOST:9000/latest for example.")
    private String api = "";

    @Option(
            names = "--submit",
            paramLabel = "URL",
            required = true,
            description = "Where KCIDB takes results, https://HOST/submit as a rule.")
    private String submit = "";

    @Option(
            names = "--runtime",
            paramLabel = "NAME",
            required = true,
            description = "The lab's name in KernelCI: jobs of others are left alone.")
    private String runtime = "";

    @Option(
            names = "--platform",
            paramLabel = "NAME",
            description = "Take jobs of this platform only; may be given several times.")
    private List<String> platforms = List.of();

    @Option(names = "--origin", paramLabel = "NAME", required = true, description = "The lab's name in KCIDB.")
    private String origin = "";

    @Option(
            names = "--build-origin",
            paramLabel = "NAME",
            description = "The origin under which KCIDB knows KernelCI's builds, default ${DEFAULT-VALUE}.")
    private String builds = "maestro";

    @Option(names = "--token-file", paramLabel = "FILE", description = "A file with the token for KCIDB.")
    private @Nullable Path tokenFile;

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description =
                    "What the lab remembers, and the reports; start it again with the same one. Default: ${DEFAULT-VALUE}.")
    private Path state = Path.of("ksplat-lab");

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description =
                    "If nothing is remembered, read events from then on, as 2027-01-31T00:00:00 (UTC); default: now.")
    private @Nullable String since;

    @Option(
            names = "--poll",
            paramLabel = "SECONDS",
            description = "Between two requests for jobs, default ${DEFAULT-VALUE}.")
    private int poll = 45;

    @Option(
            names = "--deadline",
            paramLabel = "SECONDS",
            description = "Of a request that is no download, default ${DEFAULT-VALUE}.")
    private int deadline = 60;

    @Option(names = "--once", description = "Ask once, and end when what came is done.")
    private boolean once;

    @Option(names = "--jobs-limit", paramLabel = "N", description = "End after N jobs; default: never.")
    private int limit = Integer.MAX_VALUE;

    @Mixin
    private JobsMixin jobs = new JobsMixin();

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Override
    public Integer call() throws Exception {
        check();
        Optional<String> apiToken = Optional.ofNullable(System.getenv(API_TOKEN));
        Lab.Settings settings = new Lab.Settings(
                address("--api", api, apiToken.isPresent()),
                address("--submit", submit, true),
                runtime,
                new LinkedHashSet<>(platforms),
                origin,
                builds,
                apiToken.map(text -> token(API_TOKEN, text)),
                token(),
                Optional.ofNullable(since),
                Duration.ofSeconds(poll),
                Duration.ofSeconds(deadline),
                limit,
                once);
        PrintWriter out = spec.commandLine().getOut();
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        SessionOptions options = machines.options(progress).calledWith(List.of("lab", "--runtime", runtime));
        JobRun run = new JobRun(
                () -> Session.openUntilSignal(options),
                EntryRunner::new,
                LabCommand::find,
                new AttemptsMixin().settings(),
                jobs.count(),
                ended -> {
                    progress.clear();
                    out.println("  " + ended.verdict() + "  " + ended.reproducer() + ", attempt " + ended.attempt());
                    out.flush();
                });
        try (Lab lab = new Lab(settings, state.toAbsolutePath().normalize(), run, line -> {
            progress.clear();
            out.println(line);
            out.flush();
        })) {
            return work(lab) ? Exit.EXPECTED : Exit.HARNESS;
        }
    }

    /** Has a signal wait until the lab has put down what it does. */
    private static boolean work(Lab lab) throws IOException, InterruptedException {
        Thread working = Thread.currentThread();
        Thread hook = new Thread(
                () -> {
                    lab.stop();
                    try {
                        working.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "ksplat-lab-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        boolean good = lab.run();
        if (!lab.isStopped()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        return good;
    }

    private void check() {
        jobs.check(spec);
        if (poll < 1 || deadline < 1 || limit < 1) {
            throw new ParameterException(spec.commandLine(), "--poll, --deadline and --jobs-limit must be at least 1");
        }
        if (!origin.matches("[a-z0-9_]+") || !builds.matches("[a-z0-9_]+")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--origin and --build-origin are lower-case letters, digits and _, as KCIDB has them");
        }
        if (since != null) {
            try {
                LocalDateTime.parse(since);
            } catch (DateTimeParseException e) {
                throw new ParameterException(
                        spec.commandLine(), "--since is a time of UTC without its zone, as 2027-01-31T00:00:00", e);
            }
        }
    }

    private URI address(String option, String text, boolean secret) {
        URI address;
        try {
            address = new URI(text);
        } catch (URISyntaxException e) {
            throw new ParameterException(spec.commandLine(), option + " is no address: " + e.getMessage(), e);
        }
        String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
        if (address.getHost() == null || !Set.of("http", "https").contains(scheme)) {
            throw new ParameterException(spec.commandLine(), option + " is an address of HTTP: https://HOST/PATH");
        }
        if (address.getUserInfo() != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    option + " has a token or a user in it, which everybody on this machine can see: use --token-file");
        }
        if (secret && scheme.equals("http") && !LOOPBACK.contains(address.getHost())) {
            throw new ParameterException(spec.commandLine(), option + " would send a token in the clear: use https");
        }
        return address;
    }

    private String token() throws IOException {
        if (tokenFile != null) {
            return token(tokenFile.toString(), Files.readString(tokenFile, StandardCharsets.UTF_8));
        }
        String given = System.getenv().getOrDefault(TOKEN, "");
        if (given.isBlank()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "there is no token for KCIDB: name its file with --token-file, or set " + TOKEN);
        }
        return token(TOKEN, given);
    }

    /** A line's end in it would end the header. */
    private String token(String where, String text) {
        String token = text.strip();
        if (!token.matches("[\\x21-\\x7e]{1,8192}")) {
            throw new ParameterException(spec.commandLine(), where + " has no token: one word of ASCII");
        }
        return token;
    }

    /** Only of the catalogue: a file of this machine is nothing that a job may name. */
    private static List<Catalogue.Entry> find(String word) {
        Reproducers known = new Reproducers();
        String id = word.split("/", 2)[0];
        if (known.catalogue().entries().stream().noneMatch(entry -> entry.id().equals(id))) {
            return List.of();
        }
        try {
            return known.find(List.of(word)).stream()
                    .flatMap(choice -> choice.entries().stream())
                    .toList();
        } catch (IOException | IllegalArgumentException e) {
            return List.of();
        }
    }
}
