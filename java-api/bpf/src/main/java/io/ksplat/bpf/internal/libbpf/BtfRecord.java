// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.BtfType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** A struct as a Java record: each member is a component. */
final class BtfRecord implements BtfField {
    private final Constructor<?> constructor;
    private final List<Part> parts;
    private final String what;

    private BtfRecord(Constructor<?> constructor, List<Part> parts, String what) {
        this.constructor = constructor;
        this.parts = parts;
        this.what = what;
    }

    /** @param offset the offset in the struct; 0 for a bitfield, which counts its bits from the start of the struct */
    private record Part(Method accessor, BtfField field, int offset, String what) {}

    static BtfRecord of(Class<? extends Record> java, BtfType.Struct struct, String what) {
        List<Part> parts = new ArrayList<>();
        Set<String> used = new HashSet<>();
        RecordComponent[] components = java.getRecordComponents();
        for (RecordComponent component : components) {
            String place = what + ": " + java.getSimpleName() + "." + component.getName();
            BtfType.Member member = member(struct, component.getName())
                    .orElseThrow(() -> new BtfMismatchException(place + " has no member of its name in "
                            + CTypeName.of(struct) + ", which has " + String.join(", ", names(struct))));
            used.add(member.name());
            Method accessor = component.getAccessor();
            accessor.setAccessible(true);
            parts.add(
                    member.bitfield()
                            ? new Part(accessor, BtfScalar.bits(component.getType(), member, place), 0, place)
                            : new Part(
                                    accessor,
                                    BtfField.of(component.getGenericType(), member.type(), place),
                                    member.offset(),
                                    place));
        }
        for (String name : names(struct)) {
            if (!used.contains(name)
                    && !isOwnedByKernel(struct.member(name).orElseThrow().type())) {
                throw new BtfMismatchException(what + ": " + java.getSimpleName() + " has no component for member "
                        + name + " of " + CTypeName.of(struct) + ": add one");
            }
        }
        return new BtfRecord(constructor(java, components), List.copyOf(parts), what);
    }

    private static Optional<BtfType.Member> member(BtfType.Struct struct, String component) {
        Optional<BtfType.Member> exact = struct.member(component);
        return exact.isPresent()
                ? exact
                : struct.member(
                        component.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT));
    }

    private static List<String> names(BtfType.Struct struct) {
        List<String> names = new ArrayList<>();
        for (BtfType.Member member : struct.members()) {
            if (!member.name().isEmpty()) {
                names.add(member.name());
            } else if (member.type() instanceof BtfType.Struct inner && !inner.union()) {
                names.addAll(names(inner));
            }
        }
        return names;
    }

    private static boolean isOwnedByKernel(BtfType type) {
        return type instanceof BtfType.Ptr
                || type instanceof BtfType.Struct struct && struct.name().startsWith("bpf_");
    }

    private static Constructor<?> constructor(Class<? extends Record> java, RecordComponent[] components) {
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            Constructor<?> canonical = java.getDeclaredConstructor(types);
            canonical.setAccessible(true);
            return canonical;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("every record has its canonical constructor", e);
        }
    }

    @Override
    public Object read(ByteBuffer from, int at) {
        Object[] values = new Object[parts.size()];
        for (int i = 0; i < values.length; i++) {
            Part part = parts.get(i);
            values[i] = part.field.read(from, at + part.offset);
        }
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(what + ": the constructor of the record threw " + e.getCause(), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(what + ": cannot make the record", e);
        }
    }

    @Override
    public void write(ByteBuffer to, int at, Object value) {
        for (Part part : parts) {
            Object component;
            try {
                component = part.accessor.invoke(value);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(part.what + ": cannot read the component", e);
            }
            if (component == null) {
                throw new BtfMismatchException(part.what + " is null, and C has no null there");
            }
            part.field.write(to, at + part.offset, component);
        }
    }
}
