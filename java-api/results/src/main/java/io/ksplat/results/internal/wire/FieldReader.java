// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the fields of a record; those that it does not know are a newer ksplat's. */
final class FieldReader<T> extends Fields<T> {
    private final JsonNode object;
    private final Place place;

    FieldReader(JsonNode object, Place place) {
        this.object = object;
        this.place = place;
    }

    @Override
    <V> V required(String name, Value<V> value, Function<T, V> of) {
        return read(name, value).orElseThrow(() -> place.field(name).damaged("is missing"));
    }

    @Override
    <V> Optional<V> optional(String name, Value<V> value, Function<T, Optional<V>> of) {
        return read(name, value);
    }

    @Override
    <V> V orElse(String name, Value<V> value, Supplier<V> absent, Function<T, V> of) {
        return read(name, value).orElseGet(absent);
    }

    @Override
    <V> void derived(String name, Value<V> value, Function<T, V> of) {}

    @Override
    void derivedFlag(String name, Function<T, Boolean> of) {}

    @Override
    String key(Function<T, String> of) {
        return place.name();
    }

    private <V> Optional<V> read(String name, Value<V> value) {
        @Nullable JsonNode field = object.get(name);
        return field == null || field.isNull() ? Optional.empty() : Optional.of(value.read(field, place.field(name)));
    }
}
