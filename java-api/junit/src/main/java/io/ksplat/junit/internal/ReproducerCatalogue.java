// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.engine.Catalogue;
import io.ksplat.junit.KernelTest;
import io.ksplat.junit.Metric;
import io.ksplat.junit.Reproducer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.junit.platform.commons.support.ReflectionSupport;

/** The reproducers on the class path. */
public final class ReproducerCatalogue {
    private static final String PACKAGE = "io.ksplat.reproducers";

    private ReproducerCatalogue() {}

    /** Finds them. */
    public static Catalogue load() {
        return new Catalogue(
                ReflectionSupport.findAllClassesInPackage(
                                PACKAGE, type -> type.isAnnotationPresent(Reproducer.class), name -> true)
                        .stream()
                        .flatMap(type -> entry(type).stream())
                        .sorted(Comparator.comparing(Catalogue.Entry::id))
                        .toList());
    }

    /** Returns the entry of a class; empty if it has neither {@link Reproducer} nor {@link KernelTest}. */
    public static Optional<Catalogue.Entry> entry(Class<?> type) {
        Reproducer reproducer = type.getAnnotation(Reproducer.class);
        if (reproducer == null) {
            return type.isAnnotationPresent(KernelTest.class)
                    ? Optional.of(entry(type.getName(), "", "", type))
                    : Optional.empty();
        }
        return Optional.of(entry(reproducer.id(), reproducer.shows(), reproducer.seed(), type));
    }

    private static Catalogue.Entry entry(String id, String shows, String seed, Class<?> type) {
        List<Catalogue.Metric> metrics = Arrays.stream(type.getAnnotationsByType(Metric.class))
                .map(metric -> new Catalogue.Metric(metric.name(), metric.unit(), metric.count(), metric.nanoseconds()))
                .toList();
        return new Catalogue.Entry(id, Optional.empty(), shows, seed, metrics, new Catalogue.Source.TestClass(type));
    }
}
