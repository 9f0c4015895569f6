// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.ksplat.engine.RunSettings;
import io.ksplat.kernel.internal.Digests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What is to be done, as data: it is written once, and read by every machine that does a part of it.
 *
 * @param digest of everything else but the durations: parts of different digests are never joined
 * @param tool the version of the ksplat that planned
 */
public record FleetPlan(
        int schema,
        String digest,
        String tool,
        FleetWork work,
        Settings settings,
        List<Reproducer> reproducers,
        List<Kernel> kernels,
        List<FleetUnit> units) {
    private static final int SCHEMA = 2;

    /** More than a fleet runs in a week; a file with more is a mistake. */
    private static final long MOST_BYTES = 256L << 20;

    private static final ObjectMapper MAPPER = new ObjectMapper()
            .registerModule(new Jdk8Module())
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

    /**
     * What all runs have in common.
     *
     * @param options what is said of programs, by name
     * @param arguments those of a program
     */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Settings(
            Optional<String> expect,
            Optional<String> nmi,
            boolean fresh,
            int busySeconds,
            Optional<String> accelerator,
            Map<String, List<String>> options,
            List<String> arguments) {
        public Settings {
            options = new TreeMap<>(options);
            arguments = List.copyOf(arguments);
        }

        /** Returns the default ones, with what is said of programs. */
        public static Settings of(Map<String, List<String>> options, List<String> arguments) {
            return new Settings(
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    (int) RunSettings.DEFAULT_BUSY.toSeconds(),
                    Optional.empty(),
                    options,
                    arguments);
        }
    }

    /**
     * A reproducer of the plan, or an operation of a hunt.
     *
     * @param ids those that its runs have, or those of the families that they belong to
     * @param digest of what it is made of
     */
    public record Reproducer(String word, List<String> ids, String digest) {
        public Reproducer {
            ids = List.copyOf(ids);
        }
    }

    /**
     * A kernel of the plan.
     *
     * @param key tells it apart from others of its release
     */
    public record Kernel(String spec, String release, String key) {}

    public FleetPlan {
        reproducers = List.copyOf(reproducers);
        kernels = List.copyOf(kernels);
        units = List.copyOf(units);
    }

    /** Plans: units in the order of reproducers, kernels and attempts. */
    public static FleetPlan of(
            String tool,
            FleetWork work,
            Settings settings,
            List<Reproducer> reproducers,
            List<Kernel> kernels,
            List<FleetUnit> units) {
        FleetPlan plan = new FleetPlan(SCHEMA, "", tool, work, settings, reproducers, kernels, units);
        return new FleetPlan(SCHEMA, plan.computed(), tool, work, settings, reproducers, kernels, units);
    }

    /**
     * Reads a plan.
     *
     * @throws IOException in one line, if it is none, or if it was changed after it was written
     */
    public static FleetPlan read(Path file) throws IOException {
        FleetPlan plan;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new IOException(file + " is too large for a plan");
            }
            plan = MAPPER.readValue(file.toFile(), FleetPlan.class);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no plan " + file + ": make one with ksplat plan", e);
        } catch (JsonProcessingException e) {
            throw new IOException(
                    file + " is no plan of ksplat: " + e.getOriginalMessage().replaceAll("\\s+", " "), e);
        }
        plan.check(file);
        return plan;
    }

    private void check(Path file) throws IOException {
        if (schema != SCHEMA) {
            throw new IOException(file + " has schema " + schema + "; this ksplat reads " + SCHEMA);
        }
        if (!digest.equals(computed())) {
            throw new IOException(file + " was changed after it was written: its digest is another; plan again");
        }
        Set<String> ids = new HashSet<>();
        for (FleetUnit unit : units) {
            if (!ids.add(unit.id())) {
                throw new IOException(file + " has two units " + unit.id());
            }
            if (reproducers.stream().noneMatch(one -> one.word().equals(unit.reproducer()))
                    || kernels.stream().noneMatch(one -> one.spec().equals(unit.kernel()))) {
                throw new IOException(file + " does not say what " + words(unit) + " runs");
            }
        }
    }

    private String computed() {
        List<FleetUnit> timeless = units.stream()
                .map(unit -> new FleetUnit(
                        unit.id(),
                        unit.reproducer(),
                        unit.kernel(),
                        unit.first(),
                        unit.last(),
                        unit.needs(),
                        Optional.empty()))
                .toList();
        return Digests.sha256(json(new FleetPlan(schema, "", tool, work, settings, reproducers, kernels, timeless)));
    }

    /** Returns the plan as JSON. */
    public String json() {
        return json(this) + "\n";
    }

    private static String json(FleetPlan plan) {
        try {
            return MAPPER.writeValueAsString(plan);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("a plan cannot be written as JSON", e);
        }
    }

    /** Returns whether its units are runs of reproducers, each with a verdict. */
    public boolean hasRuns() {
        return work instanceof FleetWork.Runs || work instanceof FleetWork.Soak;
    }

    /** Returns a unit in words. */
    public String words(FleetUnit unit) {
        return unit.id() + " (" + unit.reproducer() + " on " + unit.kernel() + work.numbers(unit) + ")";
    }

    /** Returns the reproducer of a unit. */
    public Reproducer reproducer(FleetUnit unit) {
        return reproducers.stream()
                .filter(one -> one.word().equals(unit.reproducer()))
                .findFirst()
                .orElseThrow();
    }

    /** Returns the kernel of a unit. */
    public Kernel kernel(FleetUnit unit) {
        return kernels.stream()
                .filter(one -> one.spec().equals(unit.kernel()))
                .findFirst()
                .orElseThrow();
    }
}
