// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;

/** How a type of value is written and read. */
interface Value<V> {
    void write(V value, JsonGenerator json) throws IOException;

    /** Returns the value, or throws {@link DamagedException}. */
    V read(JsonNode node, Place place);
}
