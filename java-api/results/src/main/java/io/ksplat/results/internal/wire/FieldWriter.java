// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** Writes the fields of a record. */
final class FieldWriter<T> extends Fields<T> {
    private final JsonGenerator json;
    private final T from;

    FieldWriter(JsonGenerator json, T from) {
        this.json = json;
        this.from = from;
    }

    @Override
    <V> V required(String name, Value<V> value, Function<T, V> of) {
        V field = of.apply(from);
        try {
            json.writeFieldName(name);
            value.write(field, json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return field;
    }

    @Override
    <V> Optional<V> optional(String name, Value<V> value, Function<T, Optional<V>> of) {
        Optional<V> field = of.apply(from);
        return field.isEmpty() ? field : Optional.of(required(name, value, record -> field.get()));
    }

    @Override
    <V> V orElse(String name, Value<V> value, Supplier<V> absent, Function<T, V> of) {
        return required(name, value, of);
    }

    @Override
    <V> void derived(String name, Value<V> value, Function<T, V> of) {
        required(name, value, of);
    }

    @Override
    void derivedFlag(String name, Function<T, Boolean> of) {
        unless(false, name, Values.FLAG, of);
    }

    @Override
    String key(Function<T, String> of) {
        return of.apply(from);
    }
}
