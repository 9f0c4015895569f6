// SPDX-License-Identifier: Apache-2.0
package io.ksplat;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.onlyDependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;

/** The rooms of core: report, nmi, forensics -> guest -> vm -> kernel; libbpf, the types, knows no other. */
@AnalyzeClasses(packages = "io.ksplat", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule KERNEL = room("kernel");

    @ArchTest
    static final ArchRule LIBBPF = room("libbpf");

    @ArchTest
    static final ArchRule VM = room("vm", "kernel");

    @ArchTest
    static final ArchRule GUEST = room("guest", "vm", "kernel", "libbpf", "evidence");

    @ArchTest
    static final ArchRule NMI = room("nmi", "guest", "vm", "kernel");

    @ArchTest
    static final ArchRule FORENSICS = room("forensics", "guest", "vm", "kernel", "libbpf", "evidence");

    @ArchTest
    static final ArchRule REPORT = room("report", "evidence");

    @ArchTest
    static final ArchRule EVIDENCE = room("evidence");

    /** A room that nobody has placed would be free to use all others. */
    @ArchTest
    static final ArchRule EVERY_ROOM_HAS_ITS_PLACE = classes()
            .should(new ArchCondition<>("be in a room of the design") {
                private static final Set<String> ROOMS =
                        Set.of("kernel", "libbpf", "vm", "guest", "nmi", "forensics", "report", "evidence");

                @Override
                public void check(JavaClass item, ConditionEvents events) {
                    String rest = item.getPackageName().replaceFirst("^io\\.ksplat\\.?", "");
                    String room = rest.replaceFirst("\\..*", "");
                    if (!ROOMS.contains(room)) {
                        events.add(
                                SimpleConditionEvent.violated(item, item.getName() + " is in no room of the design"));
                    }
                }
            });

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.ksplat.(*)..").should().beFreeOfCycles();

    /** JNA is libbpf's own affair, protobuf and its messages are guest's. */
    @ArchTest
    static final ArchRule JNA_STAYS_IN_LIBBPF = noClasses()
            .that(not(resideInAPackage("io.ksplat.libbpf..")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.jna..");

    @ArchTest
    static final ArchRule PROTOBUF_STAYS_IN_GUEST = noClasses()
            .that(not(resideInAPackage("io.ksplat.guest..")))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.google.protobuf..", "io.ksplat.guest.proto..");

    @ArchTest
    static final ArchRule ARCHIVES_AND_JNA_SHOW_NOWHERE = methods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat(isPublic().and(not(resideInAnyPackage("..internal..", "..proto.."))))
            .should(new ArchCondition<>("show no type of JNA, protobuf or commons-compress") {
                @Override
                public void check(JavaMethod method, ConditionEvents events) {
                    method.getAllInvolvedRawTypes().stream()
                            .filter(
                                    type -> type.getPackageName()
                                            .matches(
                                                    "(com\\.sun\\.jna|com\\.google\\.protobuf|io\\.ksplat\\.guest\\.proto|org\\.apache\\.commons)(\\..*)?"))
                            .forEach(type -> events.add(SimpleConditionEvent.violated(
                                    method, method.getFullName() + " shows " + type.getName())));
                }
            });

    private static DescribedPredicate<JavaClass> isPublic() {
        return DescribedPredicate.describe(
                "public", type -> type.getModifiers().contains(com.tngtech.archunit.core.domain.JavaModifier.PUBLIC));
    }

    private static ArchRule room(String name, String... uses) {
        String[] allowed = new String[uses.length + 2];
        allowed[0] = "io.ksplat." + name + "..";
        for (int i = 0; i < uses.length; i++) {
            allowed[i + 1] = "io.ksplat." + uses[i] + "..";
        }
        allowed[uses.length + 1] = "io.ksplat." + name;
        return classes()
                .that()
                .resideInAPackage("io.ksplat." + name + "..")
                .should(onlyDependOnClassesThat(
                        not(resideInAPackage("io.ksplat..")).or(resideInAnyPackage(allowed))));
    }
}
