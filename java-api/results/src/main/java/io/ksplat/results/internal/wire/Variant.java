// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;

/**
 * One record type of a sealed interface.
 *
 * @param name what the field {@code is} of its objects says
 */
record Variant<T, V extends T>(String name, Class<V> type, Form<V> form) {
    private static final String IS = "is";

    private void write(T value, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField(IS, name);
        form.exchange(new FieldWriter<>(json, type.cast(value)));
        json.writeEndObject();
    }

    /** A value of one of these types. */
    static <T> Value<T> oneOf(List<Variant<T, ? extends T>> variants) {
        return new Value<>() {
            @Override
            public void write(T value, JsonGenerator json) throws IOException {
                variants.stream()
                        .filter(variant -> variant.type().isInstance(value))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("no form for " + value.getClass()))
                        .write(value, json);
            }

            @Override
            public T read(JsonNode node, Place place) {
                String is = node.path(IS).asText();
                return variants.stream()
                        .filter(variant -> variant.name().equals(is))
                        .findFirst()
                        .orElseThrow(() -> place.field(IS).isNo("word that this ksplat knows", node.path(IS)))
                        .read(node, place);
            }
        };
    }

    private V read(JsonNode node, Place place) {
        return form.exchange(new FieldReader<>(node, place));
    }
}
