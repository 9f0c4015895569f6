// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperationPairTest {
    private static final Pattern MACRO = Pattern.compile("(?m)^#define (\\w+)(.*)$");

    /** What stands at the beginning of a line of a family's file: functions, variables, maps, types and programs. */
    private static final List<Pattern> NAMES = Stream.of(
                    "^static [\\w *]*?(\\w+)\\(",
                    "^(?:u64|u32|int|char) (\\w+)(?:\\[[^;=]*)?(?: = [^;]*)?;",
                    "^private\\(\\w+\\) [\\w ]*?(\\w+)(?: __contains\\(.*\\))?;",
                    "(\\w+) SEC\\(\"\\.maps\"\\)",
                    "^struct (\\w+) \\{",
                    "^typedef .*\\(\\*(\\w+)\\)",
                    "^int (\\w+)\\(void \\*ctx\\)",
                    "^int BPF_PROG\\((\\w+),")
            .map(pattern -> Pattern.compile("(?m)" + pattern))
            .toList();

    @TempDir
    Path folder;

    /** Else the runs of one would take the place of the other's in the report. */
    @Test
    void twoLocksOfAnOperationGiveReproducersOfTwoNames() throws IOException {
        Operation operation = Operations.named(List.of("map-update/lru-hash")).get(0);
        Path second = OperationPair.write(
                folder,
                operation,
                operation.id(HuntMode.NMI, 2),
                new Repetition.InNmi(".aimAt(\"vfs_unlink\")"),
                Verdict.DEADLOCK,
                "why");
        assertThat(second).hasFileName("HuntMapUpdateLruHashLock2.java");
        assertThat(Files.readString(second))
                .contains("id = \"hunt-map-update-lru-hash-lock-2\"", "class HuntMapUpdateLruHashLock2");
        assertThat(folder.resolve("hunt_map_update_lru_hash_lock_2.bpf.c")).isRegularFile();
    }

    @Test
    void eachPlaceHasAProgramOfItsOwn() throws IOException {
        Operation operation = Operations.named(List.of("map-push/queue")).get(0);
        Path java = OperationPair.write(
                folder,
                operation,
                operation.id(HuntMode.REENTRY),
                new Repetition.AtPlaces(
                        List.of(new Place("fentry/one", "one+0x0"), new Place("tp_btf/event", "two+0x10"))),
                Verdict.CLEAN,
                "why");

        assertThat(java).hasFileName("HuntReentryMapPushQueue.java");
        assertThat(Files.readString(java)).contains("\"fentry/one\"", "\"tp_btf/event\"");
        assertThat(Files.readString(folder.resolve("hunt_reentry_map_push_queue.bpf.c")))
                .contains("#define PLACES 2\n", "AGAIN(0, \"fentry/one\")\nAGAIN(1, \"tp_btf/event\")\n");
    }

    private String bpf(String name) throws IOException {
        Operation operation = Operations.named(List.of(name)).get(0);
        Path java = OperationPair.write(
                folder, operation, operation.id(HuntMode.NMI), new Repetition.InNmi(""), Verdict.CLEAN, "why");
        return Files.readString(java)
                + Files.readString(folder.resolve(operation.id(HuntMode.NMI).replace('-', '_') + ".bpf.c"));
    }

    @Test
    void twoOperationsOnOneMapShareIt() throws IOException {
        assertThat(bpf("map-update/hash+map-delete/hash"))
                .contains(
                        "shows = \"map-delete/hash in an NMI that interrupts map-update/hash\"",
                        "class HuntMapUpdateHashNmiMapDeleteHash",
                        "bpf.program(\"set_up\").runOn(0);\n        bpf.program(\"other_set_up\").runOn(0);\n",
                        """
                        #define OTHER
                        #define ACTION_update
                        #define VARIANT_hash
                        #include "map.bpf.h"
                        #include "other.bpf.h"
                        #undef ACTION_update
                        #undef VARIANT_hash
                        #define ACTION_delete
                        #define VARIANT_hash
                        #include "map.bpf.h"
                        OTHER_SET_UP
                        """);
        assertThat(folder.resolve("other.bpf.h")).isRegularFile();
    }

    @Test
    void twoOperationsOnOtherObjectsHaveTheirOwn() throws IOException {
        assertThat(bpf("workqueue-start/workqueue+kptr-drop/cgroup"))
                .contains(
                        "#define OTHER\n#define OTHER_OBJECTS\n#define ACTION_start\n",
                        "#include \"kptr_drop.bpf.h\"\nOTHER_SET_UP\n",
                        "bpf.program(\"set_up\").runOn(0);",
                        "bpf.program(\"other_on_mkdir\").attach()",
                        "bpf.program(\"other_shared\").run()")
                .doesNotContain("\"shared\"");
        assertThat(folder.resolve("kptr_drop.bpf.h")).isRegularFile();
        assertThat(folder.resolve("deferred.bpf.h")).isRegularFile();
    }

    /** Who prepared them twice would find no room for them. */
    @Test
    void theObjectsOfBothAreMadeOnce() throws IOException {
        assertThat(bpf("kptr-drop/task+kptr-delete/task"))
                .contains("bpf.global(\"target_pid\")", "#undef ACTION_drop")
                .doesNotContain("other_set_up", "OTHER_SET_UP", "other_target_pid");
    }

    @Test
    void oneOperationAloneIsAsItWas() throws IOException {
        assertThat(bpf("map-update/hash"))
                .contains("shows = \"map-update/hash in an NMI that interrupts map-update/hash\"")
                .endsWith("""
                        // SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
                        #define ACTION_update
                        #define VARIANT_hash
                        #include "map.bpf.h"
                        """)
                .doesNotContain("other");
        assertThat(folder.resolve("other.bpf.h")).doesNotExist();
    }

    /** Else two families, or two variants of one, could not stand in one object. */
    @Test
    void eachNameOfAFamilyIsGivenUpForTheOther() throws IOException {
        Map<String, Set<String>> macros = new TreeMap<>();
        Set<String> names = new TreeSet<>();
        for (String file : Operations.named(List.of()).stream()
                .map(Operation::file)
                .distinct()
                .toList()) {
            String family = source(file + ".bpf.h").replaceAll("(?s)/\\*.*?\\*/|[^;]*__ksym[^;]*;", "\n");
            MACRO.matcher(family)
                    .results()
                    .forEach(found -> macros.computeIfAbsent(found.group(1), name -> new TreeSet<>())
                            .add(found.group(2)));
            NAMES.forEach(pattern -> pattern.matcher(family)
                    .results()
                    .map(found -> found.group(1))
                    .forEach(names::add));
        }
        macros.forEach((name, texts) -> {
            if (texts.size() > 1 || name.endsWith("_BPF_H")) {
                names.add(name);
            }
        });
        String other = source("other.bpf.h");
        assertThat(names)
                .as("the patterns find one of each kind")
                .contains("map", "nmi_map", "update", "operation", "map_key", "targets", "on_mkdir", "shared", "lock")
                .contains("root", "callback", "KEY", "MAP_BPF_H")
                .allSatisfy(name -> assertThat(other)
                        .containsAnyOf("#define " + name + " other_" + name + "\n", "#undef " + name + "\n"));
    }

    private static String source(String header) throws IOException {
        try (InputStream in = OperationPair.class.getResourceAsStream("/io/ksplat/reproducers/operations/" + header)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
