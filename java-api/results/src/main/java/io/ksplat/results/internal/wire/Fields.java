// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The fields of one JSON object. Each method takes a field's name and where a record has its value: {@link FieldWriter} writes that
 * value and returns it, {@link FieldReader} returns the value that the object has.
 */
public abstract class Fields<T> {
    /** A field that is always there. */
    abstract <V> V required(String name, Value<V> value, Function<T, V> of);

    /** A field that is absent if it is empty. */
    abstract <V> Optional<V> optional(String name, Value<V> value, Function<T, Optional<V>> of);

    /** A field that is always written, and may be absent in an older file. */
    abstract <V> V orElse(String name, Value<V> value, Supplier<V> absent, Function<T, V> of);

    /** A field that says again what others say, for readers that compute nothing. */
    abstract <V> void derived(String name, Value<V> value, Function<T, V> of);

    /** A flag that is absent if it is not set, and that others say again. */
    abstract void derivedFlag(String name, Function<T, Boolean> of);

    /** The name that the object itself has in the object around it. */
    abstract String key(Function<T, String> of);

    /** A field that is absent if it has a common value. */
    <V> V unless(V common, String name, Value<V> value, Function<T, V> of) {
        return optional(name, value, record -> Optional.of(of.apply(record)).filter(each -> !each.equals(common)))
                .orElse(common);
    }

    String text(String name, Function<T, String> of) {
        return required(name, Values.TEXT, of);
    }

    Optional<String> optionalText(String name, Function<T, Optional<String>> of) {
        return optional(name, Values.TEXT, of);
    }

    int number(String name, Function<T, Integer> of) {
        return required(name, Values.INT, of);
    }

    long bigNumber(String name, Function<T, Long> of) {
        return required(name, Values.LONG, of);
    }

    boolean flag(String name, Function<T, Boolean> of) {
        return required(name, Values.FLAG, of);
    }

    OptionalInt optionalInt(String name, Function<T, OptionalInt> of) {
        return optional(
                        name,
                        Values.INT,
                        record -> of.apply(record).stream().boxed().findFirst())
                .map(OptionalInt::of)
                .orElse(OptionalInt.empty());
    }

    OptionalLong optionalLong(String name, Function<T, OptionalLong> of) {
        return optionalLong(name, Values.LONG, of);
    }

    /** 64 bits that are no quantity: an address, a lock's word. */
    OptionalLong optionalHex(String name, Function<T, OptionalLong> of) {
        return optionalLong(name, Values.HEX, of);
    }

    private OptionalLong optionalLong(String name, Value<Long> value, Function<T, OptionalLong> of) {
        return optional(name, value, record -> of.apply(record).stream().boxed().findFirst())
                .map(OptionalLong::of)
                .orElse(OptionalLong.empty());
    }

    OptionalDouble optionalDouble(String name, Function<T, OptionalDouble> of) {
        return optional(
                        name,
                        Values.DOUBLE,
                        record -> of.apply(record).stream().boxed().findFirst())
                .map(OptionalDouble::of)
                .orElse(OptionalDouble.empty());
    }

    <V> V object(String name, Form<V> form, Function<T, V> of) {
        return required(name, Values.object(form), of);
    }

    <V> Optional<V> optionalObject(String name, Form<V> form, Function<T, Optional<V>> of) {
        return optional(name, Values.object(form), of);
    }

    /** A list that is always written. */
    <V> List<V> list(String name, Value<V> element, Function<T, List<V>> of) {
        return orElse(name, Values.list(element), List::of, of);
    }

    <V> List<V> list(String name, Form<V> form, Function<T, List<V>> of) {
        return list(name, Values.object(form), of);
    }
}
