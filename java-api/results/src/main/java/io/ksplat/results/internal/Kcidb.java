// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A report as KernelCI's database takes it (KCIDB I/O schema 5.3). It tells of the kernel, whatever was expected of it: a bug is FAIL, also
 * where a reproducer was to find it. A signature is an issue, and each run that shows it an incident.
 */
public final class Kcidb {
    private static final int MAJOR = 5;
    private static final int MINOR = 3;
    private static final String ORIGIN = "[a-z0-9_]+";
    private static final double SECOND = 1000;
    private static final List<String> PARTS = List.of("checkouts", "builds", "tests", "issues", "incidents");

    /** What {@code log_excerpt} may hold. */
    private static final int EXCERPT = 16_384;

    private final String origin;
    private final ObjectNode json = JsonNodeFactory.instance.objectNode();
    private final Set<String> known = new LinkedHashSet<>();

    private Kcidb(String origin) {
        this.origin = origin;
    }

    /**
     * Returns the document.
     *
     * @param origin the name of the CI system, as KCIDB knows it
     * @throws IllegalArgumentException if that is no such name
     */
    public static ObjectNode of(String origin, List<StoredRun> runs) {
        if (!origin.matches(ORIGIN)) {
            throw new IllegalArgumentException(
                    "\"" + origin + "\" is no origin for KCIDB: lower-case letters, digits and _");
        }
        return new Kcidb(origin).all(runs);
    }

    /**
     * Returns a document for something that was to be tested and was not.
     *
     * @param name of it; the same name is the same test
     * @param status as KCIDB has it
     */
    public static ObjectNode withoutRuns(String origin, String name, String status, String why) {
        Kcidb kcidb = new Kcidb(origin);
        kcidb.begin();
        String id = kcidb.id("unknown-" + text(name));
        kcidb.add("checkouts", id).put("comment", "The sources of a kernel that was not run");
        kcidb.add("builds", id).put("checkout_id", id).put("comment", "A kernel that was not run");
        ObjectNode tested = kcidb.add("tests", kcidb.id(hash("without runs\0" + name)));
        tested.put("build_id", id).put("path", "ksplat").put("status", status).put("comment", text(why));
        tested.putObject("misc").put("message", text(why));
        return kcidb.json;
    }

    /** Adds what another document of the same CI system has. */
    public static void append(ObjectNode document, ObjectNode other) {
        for (String part : PARTS) {
            ((ArrayNode) document.get(part)).addAll((ArrayNode) other.get(part));
        }
    }

    /** Says of all tests of a document that they are of a build that KCIDB knows from another CI system. */
    public static void attach(ObjectNode document, String build) {
        document.remove(List.of("checkouts", "builds"));
        document.path("tests").forEach(test -> ((ObjectNode) test).put("build_id", build));
    }

    private ObjectNode all(List<StoredRun> runs) {
        begin();
        runs.forEach(this::add);
        return json;
    }

    private void begin() {
        json.putObject("version").put("major", MAJOR).put("minor", MINOR);
        for (String part : PARTS) {
            json.putArray(part);
        }
    }

    /** Returns what KCIDB calls a verdict. */
    static String status(Verdict verdict) {
        return switch (verdict) {
            case DEADLOCK, CRASH -> "FAIL";
            case CLEAN, RECOVERED -> "PASS";
            case INCONCLUSIVE -> "ERROR";
            case ERROR -> "MISS";
            case UNSUPPORTED, REJECTED -> "SKIP";
        };
    }

    private void add(StoredRun stored) {
        RunRecord run = stored.run();
        String kernel = run.kernel().key();
        String build = id(kernel);
        if (known.add("build " + build)) {
            add("checkouts", build)
                    .put("comment", text("The sources of " + run.kernel().shortName()));
            ObjectNode made = add("builds", build).put("checkout_id", build);
            made.put("comment", text(run.kernel().shortName()));
            ObjectNode misc = made.putObject("misc");
            misc.put("spec", text(run.kernel().spec()))
                    .put("release", text(run.kernel().release()));
            run.kernel().config().ifPresent(config -> misc.put("config", text(config)));
        }
        String begun =
                stored.begun().equals(Instant.EPOCH) ? "" : stored.begun().toString();
        String test = id(hash(run.reproducer() + "\0" + kernel + "\0" + run.attempt() + "\0" + begun + "\0"
                + run.verdict() + "\0" + run.timings().totalMs()));
        ObjectNode tested = add("tests", test).put("build_id", build);
        tested.put("path", path(run.reproducer()))
                .put("status", status(run.verdict()))
                .put("comment", text(run.reproducer() + ", attempt " + run.attempt()))
                .put("duration", run.timings().totalMs() / SECOND);
        if (!begun.isEmpty()) {
            tested.put("start_time", begun);
        }
        String excerpt = run.evidence().stream().map(Evidence::title).collect(Collectors.joining("\n"));
        if (!excerpt.isEmpty()) {
            tested.put("log_excerpt", cut(text(excerpt)));
        }
        ObjectNode misc = tested.putObject("misc");
        misc.put("verdict", run.verdict().name())
                .put("expected", run.expected().name())
                .put("accelerator", run.accelerator());
        run.message().ifPresent(why -> misc.put("message", text(why)));
        for (String signature : new TreeSet<>(run.evidence().stream()
                .map(Evidence::signature)
                .filter(one -> !one.isEmpty())
                .toList())) {
            incident(run, signature, test);
        }
    }

    private void incident(RunRecord run, String signature, String test) {
        String issue = id(hash(signature));
        Evidence shown = run.evidence().stream()
                .filter(each -> each.signature().equals(signature))
                .findFirst()
                .orElseThrow();
        if (known.add("issue " + issue)) {
            ObjectNode made = add("issues", issue).put("version", 1);
            made.put("report_subject", text(shown.title())).put("comment", text(shown.title()));
            made.putObject("culprit").put("code", true).put("tool", false).put("harness", false);
            made.putObject("misc")
                    .put("signature", text(signature))
                    .put("kind", shown.kind().id());
        }
        String incident = id(hash(issue + "\0" + test));
        if (known.add("incident " + incident)) {
            add("incidents", incident)
                    .put("issue_id", issue)
                    .put("issue_version", 1)
                    .put("test_id", test)
                    .put("present", true)
                    .putObject("misc")
                    .set("evidence", ResultsJson.evidence(shown));
        }
    }

    private ObjectNode add(String part, String id) {
        return ((ArrayNode) json.get(part)).addObject().put("id", id).put("origin", origin);
    }

    private String id(String rest) {
        return origin + ":" + text(rest);
    }

    private static String hash(String text) {
        return HexFormat.of().formatHex(digest(text)).substring(0, 32);
    }

    private static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** A dot parts the names of a path, and only few other characters may be in one. */
    private static String path(String id) {
        return "ksplat."
                + id.replaceAll("[^A-Za-z0-9_/-]", "-").replaceAll("/+", ".").replaceAll("^\\.|\\.$", "");
    }

    private static String text(String raw) {
        return raw.replace("\0", "");
    }

    private static String cut(String text) {
        return text.substring(0, Math.min(text.length(), EXCERPT));
    }
}
