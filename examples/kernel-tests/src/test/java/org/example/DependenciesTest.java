// SPDX-License-Identifier: Apache-2.0
package org.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Checks that the JUnit extension brings no Docker client, no logging backend and no command line. */
class DependenciesTest {
    /** The version of JUnit is the one that the build asks for; ksplat brings no other. */
    @Test
    void leavesTheChoiceOfJUnit() {
        List<String> parts = files().stream().filter(name -> name.startsWith("junit-jupiter")).toList();
        assertThat(parts).hasSizeGreaterThan(1).allMatch(name -> name.endsWith("-" + System.getProperty("junit.version") + ".jar"));
    }

    private static List<String> files() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(path -> new File(path).getName())
                .toList();
    }

    @Test
    void bringsInNothingThatTestsDoNotNeed() {
        List<String> files = files();
        assertThat(files).anyMatch(name -> name.startsWith("ksplat-junit"));
        assertThat(files).noneMatch(name -> name.matches("(docker-java|testcontainers|logback|picocli|ksplat-(cli|container)).*"));
    }
}
