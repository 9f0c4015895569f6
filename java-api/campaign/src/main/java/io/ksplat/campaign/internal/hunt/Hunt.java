// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.campaign.internal.sweep.Anchor;
import io.ksplat.campaign.internal.sweep.AnchorShelf;
import io.ksplat.campaign.internal.sweep.FrozenMachine;
import io.ksplat.campaign.internal.sweep.NoAnchorException;
import io.ksplat.campaign.internal.sweep.PointRunner;
import io.ksplat.campaign.internal.sweep.SteppedPath;
import io.ksplat.campaign.internal.sweep.SurvivalCheck;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.campaign.internal.sweep.SweepPoint;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.Accelerator;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.KnownReports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Tries operations of BPF programs in NMIs: a task does an operation, an NMI at one of its instructions does the same
 * again, and the machine is watched from outside. Each machine is restored from the one that was frozen where the task's
 * operation begins.
 */
public final class Hunt {
    public static final String JSON = "hunt.json";
    /** What each measured point of an operation showed, in its folder. */
    private static final String POINTS = "points.txt";

    /** The load unlinks files, and the task's program is attached there. */
    private static final String BEGIN = "vfs_unlink";

    private static final int LONGEST = 8192;
    private static final String SUCCEEDED = "nmi_succeeded";
    private static final String ERROR = "nmi_error";
    private static final ObjectMapper MAPPER = new ObjectMapper().registerModule(new Jdk8Module());

    private final Runner runner;
    private final Sources sources;
    private final KnownReports known;
    private final Path report;
    private final Progress progress;
    private final AnchorShelf anchors;

    /** Makes a reproducer of a Java file. */
    @FunctionalInterface
    public interface Sources {
        Catalogue.Entry compile(Path java) throws IOException;
    }

    /**
     * Prepares a hunt.
     *
     * @param runner runs the reproducers
     * @param known findings that are no news
     * @param report receives the reproducers, and what their runs leave
     */
    public Hunt(Runner runner, Sources sources, KnownReports known, Path report, Progress progress)
            throws IOException, InterruptedException {
        this.runner = runner;
        this.sources = sources;
        this.known = known;
        this.report = Files.createDirectories(report);
        this.progress = progress;
        this.anchors = AnchorShelf.open(runner, report, progress);
    }

    /** Hunts, writes {@value #JSON} after each operation, and returns what was found. */
    public HuntResult run(HuntRequest request) throws IOException, InterruptedException, KernelException {
        long begin = System.nanoTime();
        Path folder = Files.createDirectories(report.resolve("hunt").resolve(AnchorShelf.safe(request.kernel())));
        List<Tried> tried = new ArrayList<>();
        List<String> untried = new ArrayList<>(
                request.operations().stream().map(Operation::name).toList());
        HuntResult result = new HuntResult(request.kernel(), request.seed(), tried, untried);
        for (Operation operation : request.operations()) {
            if (System.nanoTime() - begin > request.budget().toNanos()) {
                break;
            }
            progress.report("hunting: " + operation.name() + ", " + tried.size() + " of "
                    + request.operations().size() + " operations tried");
            tried.add(
                    attempt(operation, request, folder.resolve(operation.name().replace('/', '+'))));
            untried.remove(operation.name());
            result = new HuntResult(request.kernel(), request.seed(), tried, untried);
            Files.writeString(folder.resolve(JSON), line(result) + "\n");
        }
        return result;
    }

    /** Returns a result as one line of JSON. */
    public static String line(HuntResult result) throws IOException {
        return MAPPER.writeValueAsString(result);
    }

    private Tried attempt(Operation operation, HuntRequest request, Path folder)
            throws InterruptedException, KernelException, IOException {
        String anchor = "";
        try {
            Path java = OperationPair.write(
                    folder, operation, ".aimAt(\"" + BEGIN + "\")", Verdict.CLEAN, "no lock is held at the beginning");
            anchor = anchors.freeze(
                    sources.compile(java), request.kernel(), BEGIN, operation.hit(), List.of(SUCCEEDED, ERROR));
            return measure(operation, request, folder, anchors.open(anchor));
        } catch (NoAnchorException e) {
            return noAnchor(operation, e);
        } catch (IOException e) {
            return failed(operation, String.valueOf(e.getMessage()));
        } finally {
            if (!anchor.isEmpty()) {
                anchors.remove(anchor);
            }
        }
    }

    private static Tried noAnchor(Operation operation, NoAnchorException e) {
        Optional<RunRecord> run = e.run();
        Verdict verdict = run.map(RunRecord::verdict).orElse(Verdict.ERROR);
        return switch (verdict) {
            case UNSUPPORTED -> answer(operation, Answer.UNSUPPORTED, run.flatMap(RunRecord::message));
            case REJECTED -> answer(operation, Answer.REJECTED, run.flatMap(RunRecord::message));
            default -> failed(operation, String.valueOf(e.getMessage()));
        };
    }

    private static Tried answer(Operation operation, Answer answer, Optional<String> why) {
        return new Tried(operation.name(), "nmi", answer, 0, 0, 0, List.of(), List.of(), why, false);
    }

    private static Tried failed(Operation operation, String why) {
        return new Tried(
                operation.name(), "nmi", Answer.INCONCLUSIVE, 0, 0, 0, List.of(), List.of(), Optional.of(why), true);
    }

    private Tried measure(Operation operation, HuntRequest request, Path folder, FrozenMachine frozen)
            throws IOException, InterruptedException {
        Anchor anchor = frozen.anchor();
        Symbol begin = frozen.symbols().named(BEGIN).get(0);
        SteppedPath path = SteppedPath.walk(
                frozen.template(),
                frozen.tools(),
                frozen.symbols(),
                anchor.cpu(),
                new SteppedPath.Extent(LONGEST, addresses -> isBack(begin, addresses)),
                folder,
                progress);
        Map<Integer, Map<String, Long>> counters = new ConcurrentHashMap<>();
        Path log = folder.resolve("path.log");
        try (PointRunner points = new PointRunner(
                path,
                frozen.survival(),
                frozen.locks(path, log),
                frozen.symbols(),
                folder,
                request.workers(),
                (n, machine) -> counters.put(n, anchor.read(machine)),
                progress)) {
            List<Integer> chosen = request.exhaustive()
                    ? IntStream.range(0, path.length()).boxed().toList()
                    : PointChoice.of(path, request.points(), request.seed(), log);
            Files.deleteIfExists(log);
            List<SweepPoint> steps = points.measure(chosen);
            List<SweepPoint> refined = points.refine(steps);
            points.confirmBorders();
            SweepMap map = new SweepMap(
                    operation.name(),
                    anchor.kernel(),
                    anchor.key(),
                    BEGIN,
                    anchor.cpu(),
                    "",
                    points.confirmed(steps),
                    points.confirmed(refined),
                    IntStream.rangeClosed(0, path.length())
                            .mapToObj(path::address)
                            .toList(),
                    0);
            Files.write(
                    folder.resolve(POINTS),
                    map.measured().stream().map(Hunt::words).toList());
            return new Judged(operation, request, folder, frozen, path, map, counters).answer();
        }
    }

    private static String words(SweepPoint point) {
        return point.n() + " " + point.where() + " " + point.verdict()
                + point.waitsFor().map(lock -> ", waits for " + lock).orElse("")
                + (point.holds().isEmpty() ? "" : ", holds " + String.join(", ", point.holds()))
                + point.message().map(why -> ", " + why).orElse("");
    }

    /** Returns whether the CPU has come back into a function that it had left. */
    private static boolean isBack(Symbol function, List<Long> addresses) {
        long last = addresses.get(addresses.size() - 1);
        return isIn(function, last) && addresses.size() > 1 && !isIn(function, addresses.get(addresses.size() - 2));
    }

    private static boolean isIn(Symbol function, long address) {
        return address - function.address() >= 0 && address - function.address() < function.size();
    }

    /** The points of one operation, and what they mean. */
    private final class Judged {
        private final Operation operation;
        private final HuntRequest request;
        private final Path folder;
        private final FrozenMachine frozen;
        private final SteppedPath path;
        private final List<SweepPoint> points;
        private final List<SweepMap.Stretch> stretches;
        private final Map<Integer, Map<String, Long>> counters;

        Judged(
                Operation operation,
                HuntRequest request,
                Path folder,
                FrozenMachine frozen,
                SteppedPath path,
                SweepMap map,
                Map<Integer, Map<String, Long>> counters) {
            this.operation = operation;
            this.request = request;
            this.folder = folder;
            this.frozen = frozen;
            this.path = path;
            this.points = map.measured();
            this.stretches = map.stretches();
            this.counters = counters;
        }

        Tried answer() throws IOException, InterruptedException {
            int succeeded = (int)
                    points.stream().filter(point -> count(point, SUCCEEDED) > 0).count();
            for (Verdict deadly : List.of(Verdict.DEADLOCK, Verdict.CRASH)) {
                List<SweepMap.Stretch> windows = stretches.stream()
                        .filter(stretch -> stretch.verdict() == deadly)
                        .toList();
                if (!windows.isEmpty()) {
                    List<HuntResult.Finding> findings = confirm(windows, deadly);
                    boolean shown = findings.stream().anyMatch(HuntResult.Finding::confirmed);
                    return tried(
                            shown ? Answer.valueOf(deadly.name()) : Answer.INCONCLUSIVE,
                            succeeded,
                            findings,
                            shown
                                    ? Optional.empty()
                                    : Optional.of(
                                            deadly + " at some points, but the written reproducer did not show it"));
                }
            }
            Optional<SweepPoint> unclear = points.stream()
                    .filter(point -> point.verdict() != Verdict.CLEAN)
                    .findFirst();
            if (unclear.isPresent()) {
                return tried(
                        Answer.INCONCLUSIVE,
                        succeeded,
                        List.of(),
                        Optional.of(unclear.get().where() + ": "
                                + unclear.get()
                                        .message()
                                        .orElse(unclear.get().verdict().name())));
            }
            if (succeeded == 0) {
                return tried(
                        Answer.REFUSED,
                        succeeded,
                        List.of(),
                        Optional.of(
                                "it only failed in the NMI, the last time with error " + count(points.get(0), ERROR)));
            }
            return tried(
                    path.length() < LONGEST ? Answer.SAFE : Answer.INCONCLUSIVE,
                    succeeded,
                    List.of(),
                    path.length() < LONGEST
                            ? Optional.empty()
                            : Optional.of("the operation is longer than " + LONGEST + " instructions"));
        }

        private long count(SweepPoint point, String counter) {
            return counters.getOrDefault(point.n(), Map.of()).getOrDefault(counter, 0L);
        }

        private Tried tried(Answer answer, int succeeded, List<HuntResult.Finding> findings, Optional<String> message) {
            return new Tried(
                    operation.name(),
                    "nmi",
                    answer,
                    path.length(),
                    points.size(),
                    succeeded,
                    points.stream()
                            .flatMap(point -> point.holds().stream())
                            .filter(name -> !name.matches(".*[0-9a-f]{8,}.*"))
                            .distinct()
                            .sorted()
                            .toList(),
                    findings,
                    message,
                    points.stream().anyMatch(point -> point.verdict() == Verdict.ERROR));
        }

        /** Writes a reproducer for each lock, at its widest window, and runs it on a machine of its own. */
        private List<HuntResult.Finding> confirm(List<SweepMap.Stretch> windows, Verdict deadly)
                throws IOException, InterruptedException {
            List<HuntResult.Finding> findings = new ArrayList<>();
            List<String> locks = windows.stream().map(Judged::lock).distinct().toList();
            for (String lock : locks) {
                SweepMap.Stretch window = windows.stream()
                        .filter(stretch -> lock(stretch).equals(lock))
                        .max(Comparator.comparingInt(SweepMap.Stretch::length))
                        .orElseThrow();
                Path own = locks.size() == 1 ? folder : folder.resolve("lock-" + (locks.indexOf(lock) + 1));
                Path java = OperationPair.write(
                        own,
                        operation,
                        AimChoice.of(path, window, frozen.symbols()),
                        deadly,
                        "the NMI waits for what the interrupted task holds");
                progress.report("confirming " + operation.name() + ", which waits for " + lock);
                Optional<Evidence> shown = show(java, deadly);
                boolean same = shown.filter(evidence -> deadly == Verdict.CRASH
                                || SurvivalCheck.waitsFor(evidence).equals(lock))
                        .isPresent();
                findings.add(new HuntResult.Finding(
                        shown.map(Evidence::signature).orElse(""),
                        lock,
                        window.first().where(),
                        window.last().where(),
                        window.measured(),
                        same,
                        shown.flatMap(known::reason),
                        report.relativize(java).toString()));
            }
            return findings;
        }

        private static String lock(SweepMap.Stretch stretch) {
            return stretch.first().waitsFor().orElse("");
        }

        /** Returns the evidence of the verdict, if a run of the reproducer shows it. */
        private Optional<Evidence> show(Path java, Verdict deadly) throws IOException, InterruptedException {
            try (Session session = Session.open(
                    SessionOptions.standard(progress).withAccelerator(Optional.of(Accelerator.TCG.id())))) {
                RunOutcome outcome = runner.run(new RunRequest(
                        session,
                        sources.compile(java),
                        RunSettings.of(request.kernel()).reportedIn(report)));
                return outcome.records().stream()
                        .filter(run -> run.verdict() == deadly)
                        .flatMap(run -> run.evidence().stream())
                        .filter(evidence -> deadly == Verdict.CRASH || evidence.kind() == EvidenceKind.CPU_STUCK)
                        .findFirst();
            }
        }
    }
}
