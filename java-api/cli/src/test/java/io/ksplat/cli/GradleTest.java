// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shares of the catalogue under the distribution's Gradle with JUnit's own plugin, and their joint report. */
@Tag("machine")
@Tag("full")
class GradleTest {
    private static final Duration LIMIT = Duration.ofMinutes(15);

    /** That Gradle is older than Java 9, and offline: what is tested is on the class path of this test. */
    private static final String BUILD = """
            buildscript {
                repositories { mavenLocal() }
                dependencies { classpath 'org.junit.platform:junit-platform-gradle-plugin:1.2.0' }
            }
            apply plugin: 'java'
            apply plugin: 'org.junit.platform.gradle.plugin'
            repositories { mavenLocal() }
            dependencies { testCompile files(file('classpath').text.split(':')) }
            junitPlatform {
                platformVersion '%s'
                selectors { if (project.hasProperty('only')) { aClass only } else { packages 'io.ksplat.reproducers.lock' } }
                filters {
                    includeClassNamePattern project.findProperty('pattern') ?: '.*'
                    tags { if (project.hasProperty('share')) { include share } }
                }
                configurationParameter 'ksplat.kernel', 'debian:7.2'
                configurationParameter 'ksplat.report', project.property('report')
                if (project.hasProperty('expect')) { configurationParameter 'ksplat.expect', expect }
            }
            """;

    @TempDir
    Path folder;

    private static String gradle = "";

    @BeforeAll
    static void prepareGradle(@TempDir Path scratch) throws Exception {
        Skips.unless("root".equals(System.getProperty("user.name")), "Gradle is not tested: only root can lay it over");
        gradle = Skips.unlessPrepared(scratch, LIMIT, "prepare-gradle", "Gradle is not tested")
                .toString();
    }

    @BeforeEach
    void makeProject() throws Exception {
        Path platform = Path.of(org.junit.platform.console.ConsoleLauncher.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Files.writeString(
                folder.resolve("build.gradle"),
                BUILD.formatted(platform.resolveSibling("").getFileName()));
        Files.writeString(folder.resolve("settings.gradle"), "rootProject.name = 'shares'\n");
        Files.writeString(folder.resolve("classpath"), System.getProperty("java.class.path"));
    }

    private HeldProcess launch(String report, String... properties) throws Exception {
        List<String> words = new ArrayList<>(List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount -t overlay overlay -o lowerdir=\"$0\"/usr:/usr /usr && exec \"$@\"",
                gradle,
                "gradle",
                "--offline",
                "--no-daemon",
                "--gradle-user-home",
                folder.resolve("home").toString(),
                "-Preport=" + folder.resolve(report),
                "junitPlatformTest"));
        words.addAll(List.of(properties));
        return HeldProcess.run(folder, LIMIT, words.toArray(String[]::new));
    }

    @Test
    void sharesByClassAndByTagAreOneReport() throws Exception {
        HeldProcess byClass = launch("shard-1", "-Ponly=io.ksplat.reproducers.lock.ResSpinLockAa");
        assertThat(byClass.status()).as(byClass.output()).isZero();
        HeldProcess byTag = launch("shard-2", "-Pshare=machine", "-Ppattern=.*\\.ResSpinLockAbba");
        assertThat(byTag.status()).as(byTag.output()).isZero();

        LockShares.areOneReport(folder);
    }

    /** The opposite. */
    @Test
    void aShareThatFailsIsRed() throws Exception {
        HeldProcess differs = launch("differs", "-Ponly=io.ksplat.reproducers.lock.ResSpinLockAa", "-Pexpect=CLEAN");
        assertThat(differs.status()).as(differs.output()).isEqualTo(1);
        assertThat(differs.output()).contains("expected CLEAN");
    }
}
