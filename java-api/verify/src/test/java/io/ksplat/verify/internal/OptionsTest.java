// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    @Test
    void areAllOptional() {
        Options options = Options.parse(List.of());
        assertThat(options.level()).isEqualTo(Level.VERIFY);
        assertThat(options.limit()).isEmpty();
        assertThat(options.steps()).hasSize(1);
    }

    @Test
    void chooseALevelAndATime() {
        Options options = Options.parse(List.of("--full", "--minutes", "70", "-DskipX"));
        assertThat(options.level()).isEqualTo(Level.FULL);
        assertThat(options.limit()).contains(Duration.ofMinutes(70));
        assertThat(options.maven()).containsExactly("-DskipX");
    }

    @Test
    void chooseOneTest() {
        assertThat(Options.parse(List.of("--only", "NmiTest#lands")).steps())
                .singleElement()
                .satisfies(step -> assertThat(step.maven()).contains("-Dtest=NmiTest#lands"));
    }

    @Test
    void chooseAStepByItsTagAndOneTestWithWhatItNeeds() {
        assertThat(Options.parse(List.of("--tag", "kasan")).steps())
                .singleElement()
                .satisfies(step -> assertThat(step.needs()).isNotEmpty());
        assertThat(Options.parse(List.of("--tag", "container", "--only", "SkeletonTest"))
                        .steps())
                .singleElement()
                .satisfies(step -> {
                    assertThat(step.container()).isTrue();
                    assertThat(step.maven()).contains("-Dtest=SkeletonTest");
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"--minutes", "--minutes 0", "--minutes x", "--fulll", "--only", "--tag", "--tag x"})
    void thatAreNoneAreRefused(String line) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse(List.of(line.split(" ", -1))))
                .withMessageContaining(Options.USAGE);
    }
}
