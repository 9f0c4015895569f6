// SPDX-License-Identifier: Apache-2.0
package io.ksplat;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Holds the arrows between modules: they point one way, and there is one for each pair that this table names. */
@AnalyzeClasses(packages = "io.ksplat", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    /** A module, and those that it may use. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("verify", Set.of()),
            Map.entry("evidence", Set.of()),
            Map.entry("kernel", Set.of()),
            Map.entry("bpf", Set.of("kernel")),
            Map.entry("results", Set.of("evidence")),
            Map.entry("report", Set.of("results", "evidence")),
            Map.entry("machine", Set.of("bpf", "kernel", "evidence")),
            Map.entry("engine", Set.of("machine", "results", "bpf", "kernel", "evidence")),
            Map.entry("junit", Set.of("engine", "evidence")),
            Map.entry("campaign", Set.of("engine", "results", "machine", "kernel", "evidence")),
            Map.entry("cli", Set.of("campaign", "junit", "engine", "results", "report")),
            Map.entry("container", Set.of("machine")));

    private static final int MOST_ARROWS = 25;

    /** The module that a class belongs to; the catalogue's is "reproducers". */
    private static String module(JavaClass type) {
        String[] names = type.getPackageName().split("\\.");
        return names.length > 2 ? names[2] : "";
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().startsWith("io.ksplat");
    }

    @ArchTest
    static final ArchRule ARROWS_ARE_THOSE_OF_THE_TABLE = classes()
            .should(new ArchCondition<>("use what their module may") {
                @Override
                public void check(JavaClass type, ConditionEvents events) {
                    String from = module(type);
                    if (from.equals("reproducers")) {
                        return;
                    }
                    if (!ARROWS.containsKey(from)) {
                        events.add(
                                SimpleConditionEvent.violated(type, type.getName() + " is in no module of the table"));
                        return;
                    }
                    for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                        String to = module(dependency.getTargetClass());
                        if (isOurs(dependency.getTargetClass())
                                && !to.equals(from)
                                && !ARROWS.get(from).contains(to)) {
                            events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
                        }
                    }
                }
            });

    /** An arrow that nothing needs any more goes out of the table. */
    @ArchTest
    static void everyArrowOfTheTableIsUsed(JavaClasses all) {
        Set<String> used = new TreeSet<>();
        for (JavaClass type : all) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                if (isOurs(dependency.getTargetClass())) {
                    used.add(module(type) + " -> " + module(dependency.getTargetClass()));
                }
            }
        }
        Set<String> allowed = new TreeSet<>();
        ARROWS.forEach((from, targets) -> targets.forEach(to -> allowed.add(from + " -> " + to)));
        assertThat(used).containsAll(allowed);
        assertThat(allowed).hasSizeLessThanOrEqualTo(MOST_ARROWS);
    }

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.ksplat.(*)..").should().beFreeOfCycles();

    /** What a reproducer is written against is API, and nothing else. */
    @ArchTest
    static final ArchRule REPRODUCERS_USE_API = noClasses()
            .that()
            .resideInAPackage("io.ksplat.reproducers..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.ksplat.*.internal..");

    /** JUnit is one runner, and one kind of scenario. */
    @ArchTest
    static final ArchRule JUNIT_STAYS_IN_ITS_ADAPTER_AND_RUNNER = noClasses()
            .that(not(resideInAnyPackage("io.ksplat.junit..", "io.ksplat.reproducers..", "io.ksplat.verify..")))
            .and()
            .doNotHaveFullyQualifiedName("io.ksplat.cli.JUnitRunner")
            .and()
            .doNotHaveFullyQualifiedName("io.ksplat.cli.JUnitRunner$Failures")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.junit..", "org.opentest4j..");

    @ArchTest
    static final ArchRule JNA_STAYS_IN_BPF = noClasses()
            .that(not(resideInAnyPackage(
                    "io.ksplat.bpf.internal.jna..",
                    "io.ksplat.bpf.internal.libbpf..",
                    "io.ksplat.bpf.internal.llvm..")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.jna..");

    @ArchTest
    static final ArchRule PROTOBUF_STAYS_IN_MACHINE = noClasses()
            .that(not(resideInAPackage("io.ksplat.machine..")))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.google.protobuf..", "io.ksplat.machine.internal.agent.proto..");
}
