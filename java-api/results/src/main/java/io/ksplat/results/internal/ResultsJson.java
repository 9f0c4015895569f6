// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Stack;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;

/** Records as JSON, field by field: the form is a contract, so no annotation or naming rule stands between. */
public final class ResultsJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private ResultsJson() {}

    /** {@code results.json}. */
    static ObjectNode results(Collection<RunRecord> runs) {
        ObjectNode root = NODES.objectNode().put("schema", 1);
        ArrayNode array = root.putArray("runs");
        runs.forEach(run -> array.add(run(run)));
        return root;
    }

    /** {@code evidence.json}: the evidence alone. */
    static byte[] evidenceFile(List<Evidence> evidence) {
        return bytes(evidence(evidence));
    }

    public static ArrayNode evidence(List<Evidence> evidence) {
        ArrayNode array = NODES.arrayNode();
        evidence.forEach(found -> array.add(evidence(found)));
        return array;
    }

    private static ObjectNode run(RunRecord run) {
        ObjectNode node = NODES.objectNode().put("reproducer", run.reproducer());
        node.putObject("kernel")
                .put("spec", run.kernel().spec())
                .put("release", run.kernel().release())
                .put("key", run.kernel().key());
        node.put("attempt", run.attempt()).put("bootRetries", run.bootRetries());
        node.put("verdict", run.verdict().name()).put("expected", run.expected().name());
        run.because().ifPresent(because -> node.put("because", because));
        run.message().ifPresent(message -> node.put("message", message));
        node.set("evidence", evidence(run.evidence()));
        ObjectNode controls = node.putObject("controls");
        for (Control control : run.controls()) {
            controls.putObject(control.name())
                    .put("required", control.required())
                    .put("observed", control.observed())
                    .put("passed", control.passed());
        }
        ArrayNode notes = node.putArray("notes");
        run.notes().forEach(notes::add);
        ObjectNode timings = node.putObject("timings");
        run.timings().bootMs().ifPresent(ms -> timings.put("bootMs", ms));
        run.timings().restoreMs().ifPresent(ms -> timings.put("restoreMs", ms));
        run.timings().firstEvidenceMs().ifPresent(ms -> timings.put("firstEvidenceMs", ms));
        timings.put("totalMs", run.timings().totalMs());
        return node.put("accelerator", run.accelerator()).put("origin", run.origin());
    }

    /** One piece of evidence. */
    public static ObjectNode evidence(Evidence found) {
        ObjectNode node = NODES.objectNode()
                .put("kind", found.kind().id())
                .put("title", found.title())
                .put("signature", found.signature());
        ArrayNode locks = node.putArray("locks");
        for (LockRef lock : found.locks()) {
            ObjectNode entry = locks.addObject().put("name", lock.name());
            lock.address().ifPresent(address -> entry.put("address", address));
            lock.lockClass().ifPresent(lockClass -> entry.put("class", lockClass));
        }
        ArrayNode cycle = node.putArray("cycle");
        for (CycleNode link : found.cycle()) {
            ObjectNode entry = cycle.addObject().put("context", link.context());
            link.cpu().ifPresent(cpu -> entry.put("cpu", cpu));
            entry.put("holds", link.holds()).put("waitsFor", link.waitsFor());
            if (link.inferred()) {
                entry.put("inferred", true);
            }
        }
        ArrayNode stacks = node.putArray("stacks");
        for (Stack stack : found.stacks()) {
            ObjectNode entry = stacks.addObject();
            stack.cpu().ifPresent(cpu -> entry.put("cpu", cpu));
            entry.put("context", stack.context());
            ArrayNode frames = entry.putArray("frames");
            stack.frames().forEach(frame -> frames.add(frame(frame)));
        }
        node.put("source", found.source().id());
        found.guestSeconds().ifPresent(seconds -> node.put("guestSeconds", seconds));
        return node;
    }

    private static ObjectNode frame(Frame frame) {
        ObjectNode node = NODES.objectNode().put("function", frame.function());
        frame.offset().ifPresent(offset -> node.put("offset", offset));
        frame.file().ifPresent(file -> node.put("file", file));
        frame.line().ifPresent(line -> node.put("line", line));
        return node.put("inlined", frame.inlined()).put("certain", frame.certain());
    }

    static byte[] bytes(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (IOException e) {
            // No stream is involved, and every node is of our own making.
            throw new UncheckedIOException(e);
        }
    }
}
