// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/** Writes evidence as JSON with all components, except for the facts in {@link FactsText}. */
final class AsJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final Map<Class<?>, Set<String>> FACTS = Map.of(
            Evidence.class,
            Set.of(
                    "function",
                    "type",
                    "cpu",
                    "task",
                    "seconds",
                    "line",
                    "count",
                    "incident",
                    "role",
                    "wallTime",
                    "preemptCount",
                    "inFlight",
                    "blocked"),
            LockRef.class,
            Set.of("value", "heldAt", "wantedAt", "owner"),
            CycleNode.class,
            Set.of("task"),
            Stack.class,
            Set.of("task"));

    private AsJson() {}

    static ObjectNode of(Evidence evidence) {
        ObjectNode node = (ObjectNode) value(evidence);
        node.put("type", evidence.type());
        node.set("function", value(evidence.function()));
        return node;
    }

    private static JsonNode value(Object object) {
        if (object instanceof Frame frame) {
            return NODES.textNode((frame.certain() ? "" : "? ")
                    + frame.function()
                    + frame.offset().stream()
                            .mapToObj(offset -> "+0x" + Long.toHexString(offset))
                            .findFirst()
                            .orElse("")
                    + frame.file()
                            .map(file -> " " + file + ":" + frame.line().orElse(0))
                            .orElse(""));
        }
        if (object instanceof Record record) {
            ObjectNode node = NODES.objectNode();
            if (record instanceof Details) {
                node.put("is", record.getClass().getSimpleName());
            }
            Set<String> facts = FACTS.getOrDefault(record.getClass(), Set.of());
            for (RecordComponent component : record.getClass().getRecordComponents()) {
                if (facts.contains(component.getName())) {
                    continue;
                }
                try {
                    node.set(component.getName(), value(component.getAccessor().invoke(record)));
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException("reading " + component + ": " + e.getMessage(), e);
                }
            }
            return node;
        }
        if (object instanceof Iterable<?> list) {
            ArrayNode node = NODES.arrayNode();
            list.forEach(element -> node.add(value(element)));
            return node;
        }
        if (object instanceof Map<?, ?> map) {
            ObjectNode node = NODES.objectNode();
            new TreeMap<>(map).forEach((key, element) -> node.set(key.toString(), value(element)));
            return node;
        }
        if (object instanceof Optional<?> optional) {
            return optional.<JsonNode>map(AsJson::value).orElse(NODES.nullNode());
        }
        if (object instanceof OptionalInt optional) {
            return optional.isPresent() ? NODES.numberNode(optional.getAsInt()) : NODES.nullNode();
        }
        if (object instanceof OptionalLong optional) {
            return optional.isPresent() ? NODES.numberNode(optional.getAsLong()) : NODES.nullNode();
        }
        if (object instanceof OptionalDouble optional) {
            return optional.isPresent() ? NODES.numberNode(optional.getAsDouble()) : NODES.nullNode();
        }
        if (object instanceof EvidenceKind kind) {
            return NODES.textNode(kind.id());
        }
        if (object instanceof Source source) {
            return NODES.textNode(source.id());
        }
        return object instanceof Integer || object instanceof Long
                ? NODES.numberNode(((Number) object).longValue())
                : object instanceof Boolean flag ? NODES.booleanNode(flag) : NODES.textNode(String.valueOf(object));
    }
}
