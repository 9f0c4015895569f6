// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * Where in a file a value stands: {@code runs[3].kernel.spec}.
 *
 * @param name the field's; {@code [3]} of an element
 */
record Place(Optional<Place> parent, String name) {
    private static final int SHOWN = 40;

    static Place top(String name) {
        return new Place(Optional.empty(), name);
    }

    Place field(String field) {
        return new Place(Optional.of(this), field);
    }

    Place element(int index) {
        return new Place(Optional.of(this), "[" + index + "]");
    }

    DamagedException damaged(String how) {
        return new DamagedException(this + " " + how);
    }

    /** A value is not what belongs there. */
    DamagedException isNo(String what, JsonNode value) {
        String text = value.isValueNode() ? value.asText() : value.isArray() ? "a list" : "an object";
        return damaged("is no " + what + ": " + OneLine.of(text, SHOWN));
    }

    @Override
    public String toString() {
        String before = parent.map(Place::toString).orElse("");
        return before.isEmpty() || name.startsWith("[") ? before + name : before + "." + name;
    }
}
