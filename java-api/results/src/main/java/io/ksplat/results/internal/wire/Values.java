// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;

/** The values that fields have. */
final class Values {
    static final Value<String> TEXT = simple(
            "text", JsonNode::isTextual, JsonNode::textValue, (json, text) -> json.writeString(withoutHalves(text)));
    static final Value<Integer> INT = simple(
            "number of 32 bits",
            node -> node.isIntegralNumber() && node.canConvertToInt(),
            JsonNode::intValue,
            JsonGenerator::writeNumber);
    static final Value<Long> LONG = simple(
            "number of 64 bits",
            node -> node.isIntegralNumber() && node.canConvertToLong(),
            JsonNode::longValue,
            JsonGenerator::writeNumber);
    static final Value<Double> DOUBLE =
            simple("number", JsonNode::isNumber, JsonNode::doubleValue, JsonGenerator::writeNumber);
    static final Value<Boolean> FLAG =
            simple("true or false", JsonNode::isBoolean, JsonNode::booleanValue, JsonGenerator::writeBoolean);
    /** A JSON number of 64 bits loses some of them in many readers. */
    static final Value<Long> HEX = simple(
            "hexadecimal number of 64 bits",
            node -> node.isTextual() && node.textValue().matches("[0-9a-f]{1,16}"),
            node -> Long.parseUnsignedLong(node.textValue(), 16),
            (json, bits) -> json.writeString(Long.toHexString(bits)));

    /** The same as people write it, with 0x before it. */
    static final Value<Long> ADDRESS = simple(
            "hexadecimal number of 64 bits with 0x before it",
            node -> node.isTextual() && node.textValue().matches("0x[0-9a-f]{1,16}"),
            node -> Long.parseUnsignedLong(node.textValue().substring(2), 16),
            (json, bits) -> json.writeString("0x" + Long.toHexString(bits)));

    /** ISO 8601, in UTC. */
    static final Value<Instant> INSTANT = simple(
            "time",
            node -> node.isTextual() && isInstant(node.textValue()),
            node -> Instant.parse(node.textValue()),
            (json, time) -> json.writeString(time.toString()));

    private Values() {}

    private static boolean isInstant(String text) {
        try {
            Instant.parse(text);
            return true;
        } catch (DateTimeParseException e) {
            return false;
        }
    }

    /** Writes one value. */
    @FunctionalInterface
    private interface Writer<V> {
        void write(JsonGenerator json, V value) throws IOException;
    }

    private static <V> Value<V> simple(
            String what, Predicate<JsonNode> is, Function<JsonNode, V> read, Writer<V> writer) {
        return new Value<>() {
            @Override
            public void write(V value, JsonGenerator json) throws IOException {
                writer.write(json, value);
            }

            @Override
            public V read(JsonNode node, Place place) {
                if (!is.test(node)) {
                    throw place.isNo(what, node);
                }
                return read.apply(node);
            }
        };
    }

    /** One of several words. */
    static <E extends Enum<E>> Value<E> word(Class<E> type, Function<E, String> spelling) {
        Map<String, E> words = new TreeMap<>();
        for (E each : type.getEnumConstants()) {
            words.put(spelling.apply(each), each);
        }
        return simple(
                "word that this ksplat knows",
                node -> node.isTextual() && words.containsKey(node.textValue()),
                node -> words.get(node.textValue()),
                (json, value) -> json.writeString(spelling.apply(value)));
    }

    static <V> Value<V> object(Form<V> form) {
        return new Value<>() {
            @Override
            public void write(V value, JsonGenerator json) throws IOException {
                json.writeStartObject();
                form.exchange(new FieldWriter<>(json, value));
                json.writeEndObject();
            }

            @Override
            public V read(JsonNode node, Place place) {
                if (!node.isObject()) {
                    throw place.isNo("object", node);
                }
                return form.exchange(new FieldReader<>(node, place));
            }
        };
    }

    static <V> Value<List<V>> list(Value<V> element) {
        return new Value<>() {
            @Override
            public void write(List<V> values, JsonGenerator json) throws IOException {
                json.writeStartArray();
                for (V value : values) {
                    element.write(value, json);
                }
                json.writeEndArray();
            }

            @Override
            public List<V> read(JsonNode node, Place place) {
                if (!node.isArray()) {
                    throw place.isNo("list", node);
                }
                List<V> values = new ArrayList<>();
                for (JsonNode each : node) {
                    values.add(element.read(each, place.element(values.size())));
                }
                return values;
            }
        };
    }

    /** An object with a field for each element, in their order. */
    static <V> Value<List<V>> keyed(Form<V> form, Function<V, String> key) {
        Value<V> element = object(form);
        return keyed(
                values -> values.stream()
                        .map(value -> Map.entry(key.apply(value), value))
                        .toList(),
                (name, value) -> value,
                element);
    }

    /** An object with a field for each entry, sorted by name. */
    static Value<Map<String, String>> map() {
        Value<List<Map.Entry<String, String>>> entries = keyed(values -> values, Map::entry, TEXT);
        return new Value<>() {
            @Override
            public void write(Map<String, String> value, JsonGenerator json) throws IOException {
                entries.write(List.copyOf(new TreeMap<>(value).entrySet()), json);
            }

            @Override
            public Map<String, String> read(JsonNode node, Place place) {
                Map<String, String> map = new TreeMap<>();
                entries.read(node, place).forEach(entry -> map.put(entry.getKey(), entry.getValue()));
                return map;
            }
        };
    }

    private static <V, E> Value<List<E>> keyed(
            Function<List<E>, List<Map.Entry<String, V>>> entries, BiFunction<String, V, E> entry, Value<V> element) {
        return new Value<>() {
            @Override
            public void write(List<E> values, JsonGenerator json) throws IOException {
                json.writeStartObject();
                for (Map.Entry<String, V> each : entries.apply(values)) {
                    json.writeFieldName(withoutHalves(each.getKey()));
                    element.write(each.getValue(), json);
                }
                json.writeEndObject();
            }

            @Override
            public List<E> read(JsonNode node, Place place) {
                if (!node.isObject()) {
                    throw place.isNo("object", node);
                }
                List<E> values = new ArrayList<>();
                Iterator<Map.Entry<String, JsonNode>> fields = node.properties().iterator();
                while (fields.hasNext()) {
                    Map.Entry<String, JsonNode> field = fields.next();
                    values.add(
                            entry.apply(field.getKey(), element.read(field.getValue(), place.field(field.getKey()))));
                }
                return values;
            }
        };
    }

    /** Half of a surrogate pair is no character, and UTF-8 has no bytes for it. */
    private static String withoutHalves(String text) {
        if (text.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
            return text;
        }
        return text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
