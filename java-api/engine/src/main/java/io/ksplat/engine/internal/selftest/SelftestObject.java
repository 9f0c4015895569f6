// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import io.ksplat.bpf.internal.libbpf.ProgramTags;
import io.ksplat.engine.internal.TrialScenario;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An object with annotated programs. */
final class SelftestObject {
    private final String id;
    private final Optional<Path> source;
    private final byte[] bytes;
    private final Map<Long, String> helpers;
    private final List<String> modules;
    private final CustomBtf btfs;
    private final boolean asksForConfiguration;
    private final Map<Mode, List<String>> auxiliaries = new EnumMap<>(Mode.class);
    private final List<TrialScenario> cases = new ArrayList<>();

    /**
     * Reads its annotations.
     *
     * @param source what it was compiled from, if that is known
     * @param helpers the names of the kernel's helpers, by their numbers
     * @param modules of the kernel that it needs
     * @throws IOException if it is no object, or has no annotated program
     */
    SelftestObject(
            String id,
            Optional<Path> source,
            byte[] bytes,
            Map<Long, String> helpers,
            List<String> modules,
            CustomBtf btfs)
            throws IOException, InterruptedException {
        this.id = id;
        this.source = source;
        this.bytes = bytes.clone();
        this.helpers = Map.copyOf(helpers);
        this.modules = List.copyOf(modules);
        this.btfs = btfs;
        this.asksForConfiguration = ProgramTags.asksForConfiguration(id, bytes);
        for (Mode mode : Mode.values()) {
            auxiliaries.put(mode, new ArrayList<>());
        }
        List<ProgramTags> programs = ProgramTags.of(id, bytes);
        Tag.Spelling spelling = Tag.spelling(
                programs.stream().flatMap(program -> program.tags().stream()).toList());
        boolean annotated = false;
        for (ProgramTags program : programs) {
            List<Tag> tags = Tag.read(program.tags(), spelling);
            annotated |= !tags.isEmpty();
            add(program.program(), tags);
        }
        if (!annotated) {
            throw new SelftestException(
                    id + " has no annotated program: give one __success or __failure of bpf_misc.h");
        }
    }

    /** What is expected of a program without an annotation, a test in C knows that is not run. */
    private boolean isOfTestInC(List<Tag> tags) throws IOException {
        return tags.isEmpty() && source.isPresent() && !LoaderFiles.has(source.get());
    }

    private void add(String program, List<Tag> tags) throws InterruptedException {
        Annotations annotations;
        Optional<byte[]> btf;
        try {
            if (isOfTestInC(tags)) {
                String why =
                        program + " has no annotation, and its file is not test_loader's: a test in C, which ksplat"
                                + " does not run, knows what is expected of it";
                cases.add(new UntriedCase(id + "/" + program, new SelftestException(why), true));
                return;
            }
            annotations = Annotations.of(tags);
            btf = annotations.btf().isPresent()
                    ? Optional.of(btfs.of(annotations.btf().get()))
                    : Optional.empty();
        } catch (IllegalArgumentException | IOException e) {
            cases.add(new UntriedCase(id + "/" + program, new SelftestException(e), false));
            return;
        }
        for (Mode mode : Mode.values()) {
            if (!annotations.modes().contains(mode)) {
                continue;
            }
            if (annotations.auxiliary()) {
                auxiliaries.getOrDefault(mode, List.of()).add(program);
            } else {
                cases.add(new SelftestCase(this, program, mode, annotations, btf));
            }
        }
    }

    String id() {
        return id;
    }

    /** Returns the C that it was compiled from; empty if it came as an object. */
    Optional<Path> source() {
        return source;
    }

    /** Returns the name that libbpf gives it, as the skeleton's: it is in the names of its maps. */
    String libbpfName() {
        return id.substring(id.lastIndexOf('/') + 1);
    }

    byte[] bytes() {
        return bytes;
    }

    Map<Long, String> helpers() {
        return helpers;
    }

    List<String> modules() {
        return modules;
    }

    boolean asksForConfiguration() {
        return asksForConfiguration;
    }

    /** Returns the programs that are loaded beside the tested one. */
    List<String> auxiliaries(Mode mode) {
        return List.copyOf(auxiliaries.getOrDefault(mode, List.of()));
    }

    List<TrialScenario> cases() {
        return List.copyOf(cases);
    }
}
