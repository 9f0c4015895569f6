// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelFunctionsTest {
    private static final KernelFunctions FUNCTIONS = Arch.guest().functions();

    private static List<String> rows() {
        try (InputStream in = KernelFunctionsTest.class.getResourceAsStream("functions.txt")) {
            return new String(in.readAllBytes(), UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static KernelFunctions parse(String... lines) {
        return KernelFunctions.parse(List.of(lines), "x86_64");
    }

    @Test
    void aFunctionMayHaveSeveralRoles() {
        assertThat(FUNCTIONS.is("default_idle_call", Role.IDLE)).isTrue();
        assertThat(FUNCTIONS.is("default_idle_call", Role.IDLE_TASK)).isTrue();
        assertThat(FUNCTIONS.is("default_idle", Role.IDLE_TASK)).isFalse();
    }

    @Test
    void aStarStandsForAnyRest() {
        assertThat(FUNCTIONS.is("rwsem_down_write_slowpath", Role.RW_SEMAPHORE)).isTrue();
        assertThat(FUNCTIONS.is("mutex_lock", Role.MUTEX)).isTrue();
        assertThat(FUNCTIONS.is("__mutex_lock_slowpath", Role.MUTEX)).isTrue();
        assertThat(FUNCTIONS.is("mutex_unlock", Role.MUTEX)).isFalse();
        assertThat(FUNCTIONS.is("panicked", Role.PANIC)).isFalse();
    }

    @Test
    void aFunctionOfTwoRowsThatMatchHasTheRolesOfBoth() {
        KernelFunctions both = parse("down_* mutex - - - a.c", "down_x idle - - - a.c");
        assertThat(both.is("down_x", Role.MUTEX)).isTrue();
        assertThat(both.is("down_x", Role.IDLE)).isTrue();
    }

    @Test
    void anotherArchitecturesRowsDoNotCount() {
        KernelFunctions parsed = parse("here idle - - x86_64 a.c", "there idle - - arm64 a.c", "any idle - - - a.c");
        assertThat(parsed.is("here", Role.IDLE)).isTrue();
        assertThat(parsed.is("any", Role.IDLE)).isTrue();
        assertThat(parsed.is("there", Role.IDLE)).isFalse();
    }

    /** A lock that gives up by itself proves nothing about the CPU that waits for it. */
    @Test
    void aResilientLockIsNoEndlessOne() {
        assertThat(FUNCTIONS.is("native_queued_spin_lock_slowpath", Role.ENDLESS))
                .isTrue();
        assertThat(FUNCTIONS.is("resilient_queued_spin_lock_slowpath", Role.ENDLESS))
                .isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void everyRoleHasAFunction(Role role) {
        assertThat(rows()).anySatisfy(row -> {
            String function = row.split(" ", 2)[0].replace("*", "x");
            assertThat(FUNCTIONS.is(function, role)).isTrue();
        });
    }

    @Test
    void everyRowNamesReleasesAndAFileOfTheKernel() {
        Pattern row = Pattern.compile("\\w+\\*?\\s+[a-z,-]+\\s+(-|\\d\\.\\d+)\\s+(-|\\d\\.\\d+)\\s+(-|x86_64)\\s+"
                + "(arch|drivers|fs|kernel|lib|mm)/[\\w/-]+\\.[chS]");
        assertThat(rows()).isNotEmpty().allMatch(row.asMatchPredicate());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "f idle - - -",
                "f idle - - - a.c more",
                "f idling - - - a.c",
                "f  - - - a.c",
                "f idle, - - - a.c",
                "first idle - - - a.c"
            })
    void aMalformedRowIsRefusedByItsLine(String row) {
        assertThatThrownBy(() -> parse("# comment", "", "first idle - - - a.c", row))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("functions.txt, line 4: ");
    }
}
