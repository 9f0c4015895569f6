// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.evidence.Verdict;
import java.util.List;
import java.util.Locale;

/** Writes the result of a sweep as JSON and as text. */
final class SweepWriter {
    private static final ObjectMapper JSON = new ObjectMapper();

    private SweepWriter() {}

    /** Returns one line of JSON. */
    static String json(SweepMap map) {
        ObjectNode node = JSON.createObjectNode()
                .put("reproducer", map.reproducer())
                .put("kernel", map.kernel())
                .put("key", map.key())
                .put("from", map.from())
                .put("cpu", map.cpu())
                .put("anchor", map.anchor())
                .put("seconds", map.seconds());
        put(node.putArray("steps"), map.steps());
        put(node.putArray("refined"), map.refined());
        ArrayNode stretches = node.putArray("stretches");
        for (SweepMap.Stretch stretch : map.stretches()) {
            stretches
                    .addObject()
                    .put("from", stretch.first().n())
                    .put("to", stretch.last().n())
                    .put("measured", stretch.measured())
                    .put("inferred", stretch.length() - stretch.measured())
                    .put("verdict", stretch.verdict().name())
                    .put("waitsFor", stretch.first().waitsFor().orElse(null));
        }
        return node + "\n";
    }

    private static void put(ArrayNode array, List<SweepPoint> points) {
        for (SweepPoint point : points) {
            ObjectNode node = array.addObject()
                    .put("n", point.n())
                    .put("address", "0x" + Long.toHexString(point.address()))
                    .put("function", point.function())
                    .put("offset", point.offset())
                    .put("verdict", point.verdict().name())
                    .put("waitsFor", point.waitsFor().orElse(null));
            point.holds().forEach(node.withArray("holds")::add);
            if (!point.console().isEmpty()) {
                point.console().forEach(node.withArray("console")::add);
            }
            point.message().ifPresent(why -> node.put("message", why));
        }
    }

    /** Returns the stretches of the path as text. */
    static String of(SweepMap map) {
        StringBuilder text = new StringBuilder();
        List<SweepPoint> measured = map.measured();
        long deadlocks =
                measured.stream().filter(p -> p.verdict() == Verdict.DEADLOCK).count();
        text.append(String.format(
                Locale.ROOT,
                "%s on %s, from %s on CPU %d: %d points measured, %d of them deadlocks, in %.1f s%n",
                map.reproducer(),
                map.key(),
                map.from(),
                map.cpu(),
                measured.size(),
                deadlocks,
                map.seconds()));
        text.append("anchor: ").append(map.anchor()).append('\n');
        for (SweepMap.Stretch stretch : map.stretches()) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %6d .. %-6d %-12s %s .. %s%s%s%s%n",
                    stretch.first().n(),
                    stretch.last().n(),
                    stretch.verdict(),
                    stretch.first().where(),
                    stretch.last().where(),
                    held(stretch),
                    stretch.first()
                            .waitsFor()
                            .map(lock -> ", waits for " + lock)
                            .orElse(""),
                    stretch.first().message().map(why -> ": " + why).orElse("")));
        }
        return text.toString();
    }

    /** Returns the locks that every measured point of a stretch holds. */
    private static String held(SweepMap.Stretch stretch) {
        return stretch.alwaysHeld().isEmpty() ? "" : ", holds " + String.join(", ", stretch.alwaysHeld());
    }
}
