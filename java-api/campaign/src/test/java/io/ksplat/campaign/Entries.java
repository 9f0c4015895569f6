// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.engine.Catalogue;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Catalogue entries that are never run. */
public final class Entries {
    private Entries() {}

    public static Catalogue.Entry entry(String id, Catalogue.Metric... metrics) {
        return new Catalogue.Entry(
                id,
                Optional.empty(),
                "nothing",
                "none",
                List.of(metrics),
                new Catalogue.Source.TestClass(Entries.class));
    }

    public static Catalogue catalogue(String... ids) {
        return new Catalogue(Stream.of(ids).map(Entries::entry).toList());
    }
}
