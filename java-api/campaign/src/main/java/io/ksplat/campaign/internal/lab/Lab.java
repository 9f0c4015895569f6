// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.results.internal.Kcidb;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A lab of KernelCI that pulls its jobs (PULL_LABS): polls the API for jobs of this lab, runs them one after the other, and posts their
 * results to KCIDB. All that comes from outside is hostile.
 */
public final class Lab implements AutoCloseable {
    private static final int EVENTS = 1000;
    private static final int MOST_HOPS = 8;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int BAD_REQUEST = 400;
    private static final int TOO_LARGE = 413;
    private static final int UNPROCESSABLE = 422;

    /** A job that took ksplat down so often is not tried again. */
    private static final int MOST_BEGUN = 3;

    private static final int MIB = 1 << 20;
    private static final int EVENTS_BYTES = 64 * MIB;
    private static final int DOCUMENT_BYTES = MIB;
    private static final long KERNEL_BYTES = 512L * MIB;
    private static final Duration KERNEL_TIME = Duration.ofMinutes(20);

    private final Settings settings;
    private final JobRun run;
    private final Consumer<String> told;
    private final LabFolder folder;
    private final BoundedHttp http;
    private final CountDownLatch stopped = new CountDownLatch(1);

    /**
     * What a lab is told.
     *
     * @param api of KernelCI, {@code https://HOST:9000/latest} for example
     * @param submit of KCIDB, as a rule {@code https://HOST/submit}
     * @param runtime the lab's name in KernelCI
     * @param platforms whose jobs it takes; empty: all
     * @param origin the lab's name in KCIDB
     * @param builds the origin under which KCIDB knows KernelCI's builds
     * @param apiToken for the API, if it wants one
     * @param token for KCIDB
     * @param since the time of the first event to read, if nothing is remembered; default: now
     * @param poll between two requests for jobs
     * @param deadline of a request
     * @param limit how many jobs are run at most
     * @param once poll once, and end when what came is done
     */
    public record Settings(
            URI api,
            URI submit,
            String runtime,
            Set<String> platforms,
            String origin,
            String builds,
            Optional<String> apiToken,
            String token,
            Optional<String> since,
            Duration poll,
            Duration deadline,
            int limit,
            boolean once) {
        public Settings {
            platforms = Set.copyOf(platforms);
        }
    }

    /**
     * Opens a lab.
     *
     * @param state what it remembers
     * @param told receives what happens, a line each
     */
    public Lab(Settings settings, Path state, JobRun run, Consumer<String> told) throws IOException {
        this.settings = settings;
        this.run = run;
        this.told = told;
        this.folder = LabFolder.open(state);
        this.http = new BoundedHttp(settings.deadline());
    }

    /** Has it end when the job that is on has stopped. */
    public void stop() {
        stopped.countDown();
    }

    /** Returns whether it was told to end. */
    public boolean isStopped() {
        return stopped.getCount() == 0;
    }

    /**
     * Works until it is stopped, or has done what it was to do.
     *
     * @return whether each job is posted that was run, and the last poll was answered
     * @throws IOException if it cannot go on: a token is refused, or the folder cannot be written
     */
    public boolean run() throws IOException, InterruptedException {
        int ran = 0;
        while (true) {
            boolean answered = poll();
            for (LabJob job : folder.jobs(LabJob.State.TAKEN)) {
                if (isStopped() || ran >= settings.limit()) {
                    break;
                }
                ran += work(job) ? 1 : 0;
            }
            boolean posted = post();
            if (isStopped() || settings.once() || ran >= settings.limit()) {
                return answered && posted;
            }
            if (stopped.await(settings.poll().toMillis(), TimeUnit.MILLISECONDS)) {
                return posted;
            }
        }
    }

    /** Asks for jobs, and takes those of this lab. */
    private boolean poll() throws IOException {
        Optional<String> remembered = folder.cursor();
        String from = remembered
                .or(settings::since)
                .orElseGet(() -> LocalDateTime.now(ZoneOffset.UTC).toString());
        if (remembered.isEmpty()) {
            folder.cursor(from);
        }
        URI address = below(
                settings.api(),
                "/events?state=available&kind=job&recursive=true&limit=" + EVENTS + "&from="
                        + URLEncoder.encode(from, StandardCharsets.UTF_8));
        List<JsonNode> events = new ArrayList<>();
        try {
            JsonNode answer = new ObjectMapper().readTree(http.get(address, settings.apiToken(), EVENTS_BYTES));
            if (!answer.isArray()) {
                throw new IOException("cannot read " + address + ": it is no list of events");
            }
            answer.forEach(events::add);
        } catch (JsonProcessingException e) {
            told.accept("cannot read " + address + ": it is no JSON; the next try follows");
            return false;
        } catch (IOException e) {
            refuseToken(e, "KernelCI's API");
            told.accept(e.getMessage() + "; the next try follows");
            return false;
        }
        take(events);
        return true;
    }

    private void take(List<JsonNode> events) throws IOException {
        events.sort(Comparator.comparing(event -> event.path("timestamp").asText("")));
        for (JsonNode event : events) {
            // One that is of another lab may be as it likes.
            if (event.at("/node/data/runtime").asText("").equals(settings.runtime())) {
                try {
                    JobEvent job = JobEvent.parse(event);
                    boolean wanted = settings.platforms().isEmpty()
                            || settings.platforms().contains(job.platform());
                    if (wanted && folder.take(job)) {
                        told.accept("job " + job.node() + ": taken");
                    }
                } catch (IllegalArgumentException e) {
                    told.accept("an event is passed over: " + e.getMessage());
                }
            }
        }
        if (!events.isEmpty()) {
            String last = events.get(events.size() - 1).path("timestamp").asText("");
            if (last.matches("[0-9T:.+Z-]{10,40}")) {
                folder.cursor(last);
            }
        }
    }

    /** Runs a job; returns false if it is to be tried again. */
    private boolean work(LabJob taken) throws IOException, InterruptedException {
        LabJob job = taken.begun(taken.begun() + 1).write();
        if (taken.begun() >= MOST_BEGUN) {
            return ended(job, "MISS", "this lab ended " + taken.begun() + " times while it ran this job");
        }
        Folders.remove(job.report());
        JobDefinition definition;
        Path kernel;
        try {
            definition = JobDefinition.parse(http.get(job.definition(), Optional.empty(), DOCUMENT_BYTES));
            run.check(definition);
            kernel = kernel(job, definition);
        } catch (JobDefinition.NothingToDoException e) {
            return ended(job, "SKIP", String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            return ended(job, "MISS", String.valueOf(e.getMessage()));
        } catch (IOException e) {
            // Counted: what cannot be fetched three times will not come.
            told.accept("job " + job.node() + ": " + e.getMessage());
            return false;
        }
        List<String> failures = new ArrayList<>();
        boolean whole;
        try {
            told.accept("job " + job.node() + ": running");
            whole = run.run(definition, KernelSpec.parse(spec(kernel)), job.report(), failures) && !isStopped();
        } catch (IOException e) {
            failures.add(String.valueOf(e.getMessage()));
            whole = !isStopped();
        } finally {
            Folders.remove(job.kernels());
        }
        if (!whole) {
            job.begun(taken.begun()).write();
            told.accept("job " + job.node() + ": stopped, the next start runs it again");
            return false;
        }
        failures.forEach(line -> told.accept("job " + job.node() + ": " + line));
        List<StoredRun> runs = StoredReport.isIn(job.report()) ? StoredReport.read(job.report()) : List.of();
        if (runs.isEmpty() && failures.isEmpty()) {
            failures.add("ksplat failed, and left no run");
        }
        ObjectNode results = Kcidb.of(settings.origin(), runs);
        if (!failures.isEmpty()) {
            // Some attempts may be missing: a result without this line would tell of less than the job asked for.
            Kcidb.append(
                    results, Kcidb.withoutRuns(settings.origin(), job.node(), "MISS", String.join("; ", failures)));
        }
        build(job).ifPresent(build -> Kcidb.attach(results, build));
        return ended(job, results);
    }

    private boolean ended(LabJob job, String status, String why) throws IOException {
        told.accept("job " + job.node() + ": " + why);
        ObjectNode results = Kcidb.withoutRuns(settings.origin(), job.node(), status, why);
        build(job).ifPresent(build -> Kcidb.attach(results, build));
        return ended(job, results);
    }

    private boolean ended(LabJob job, ObjectNode results) throws IOException {
        for (JsonNode test : results.path("tests")) {
            ((ObjectNode) test.path("misc")).put("kernelci_node", job.node()).put("runtime", settings.runtime());
        }
        job.keep(results);
        job.with(LabJob.State.RUN).write();
        return true;
    }

    private Path kernel(LabJob job, JobDefinition definition) throws IOException {
        Folders.remove(job.kernels());
        Files.createDirectories(job.kernels());
        String path = String.valueOf(definition.kernel().getPath());
        String name = path.substring(path.lastIndexOf('/') + 1).replaceAll("[^A-Za-z0-9._-]", "-");
        Path file = job.kernels().resolve(name.matches("[A-Za-z0-9].*") ? name : "kernel");
        http.download(definition.kernel(), file, KERNEL_TIME, KERNEL_BYTES);
        if (definition.sha256().isPresent()) {
            String real = Digests.sha256(file);
            if (!real.equals(definition.sha256().get())) {
                throw new IllegalArgumentException("the kernel at " + definition.kernel() + " has the SHA-256 " + real
                        + ", and the job says " + definition.sha256().get());
            }
        }
        return file;
    }

    private static String spec(Path kernel) {
        boolean packed = kernel.toString().matches(".*\\.(deb|rpm|pkg\\.tar\\.zst)");
        return (packed ? "package:" : "file:") + kernel;
    }

    /** Returns the name by which KCIDB knows the build that a job is about: a node above it. */
    private Optional<String> build(LabJob job) {
        Optional<String> above = job.parent();
        for (int hop = 0; hop < MOST_HOPS && above.isPresent(); hop++) {
            String id = above.get();
            try {
                JsonNode node = new ObjectMapper()
                        .readTree(http.get(below(settings.api(), "/node/" + id), settings.apiToken(), DOCUMENT_BYTES));
                if (node.path("kind").asText().equals("kbuild")) {
                    return Optional.of(settings.builds() + ":" + id);
                }
                above = Optional.of(node.path("parent").asText("")).filter(JobEvent::isNumber);
            } catch (IOException e) {
                told.accept("job " + job.node() + ": its build is not known, " + e.getMessage());
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Posts what is not posted yet; returns whether KCIDB has all of it. */
    private boolean post() throws IOException {
        boolean all = true;
        for (LabJob job : folder.jobs(LabJob.State.RUN)) {
            try {
                http.post(settings.submit(), settings.token(), job.submission(), DOCUMENT_BYTES);
            } catch (BoundedHttp.RefusedException e) {
                refuseToken(e, "KCIDB");
                if (!Set.of(BAD_REQUEST, TOO_LARGE, UNPROCESSABLE).contains(e.status())) {
                    told.accept(
                            "job " + job.node() + ": " + e.getMessage() + "; its results are kept, and posted later");
                    return false;
                }
                told.accept("job " + job.node() + ": KCIDB refuses its results: " + e.getMessage() + "; they stay in "
                        + job.folder());
                job.with(LabJob.State.REFUSED).write();
                all = false;
                continue;
            } catch (IOException e) {
                told.accept("job " + job.node() + ": " + e.getMessage() + "; its results are kept, and posted later");
                return false;
            }
            job.with(LabJob.State.POSTED).write();
            told.accept("job " + job.node() + ": posted");
        }
        return all;
    }

    private static void refuseToken(IOException e, String whose) throws IOException {
        if (e instanceof BoundedHttp.RefusedException refused
                && (refused.status() == UNAUTHORIZED || refused.status() == FORBIDDEN)) {
            throw new IOException(
                    e.getMessage() + ": " + whose
                            + " refuses the token; what was run is kept, start again with another",
                    e);
        }
    }

    private static URI below(URI base, String rest) {
        return URI.create(base.toString().replaceAll("/+$", "") + rest);
    }

    @Override
    public void close() throws IOException {
        http.close();
        folder.close();
    }
}
