// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelRangeTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[6.3,)     | 6.3.0                       | true",
                "[6.3,)     | 6.3                         | true",
                "[6.3,)     | 6.2.16                      | false",
                "[6.3,)     | 6.12.113+deb13-cloud-amd64  | true",
                "[6.3,)     | 7.3-cloud-amd64             | true",
                "[6.3,)     | 10.0                        | true",
                "[6.12.40,) | 6.12.39                     | false",
                "[6.12.40,) | 6.12.113+deb13              | true",
                "[6.12.40,) | 6.13-rc1                    | true",
                "[6.12.1,)  | 6.12                        | false",
                "[6.1,6.12) | 6.11.9                      | true",
                "[6.1,6.12) | 6.12.0                      | false",
                "[6.1,6.12] | 6.12.113                    | true",
                "[6.1,6.12] | 6.13                        | false",
                "(6.1,)     | 6.1.5                       | false",
                "(6.1,)     | 6.2                         | true",
                "(,7)       | 6.19.9                      | true",
                "(,7)       | 7.0                         | false",
                "[0,)       | 2.6.39                      | true",
                "(,)        | 7.2                         | true",
                "[ 6.3 , ]  | 99.0                        | true",
                "[6.3,6.3]  | 6.3.13                      | true",
                "(,7.3)     | 7.3.0-rc1                   | false"
            })
    void coversReleases(String range, String release, boolean covered) {
        assertThat(KernelRange.parse(range).contains(release)).isEqualTo(covered);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "6.3",
                "[6.3",
                "6.3,)",
                "[6.3,)x",
                "[6..3,)",
                "[.,)",
                "[6.3.,)",
                "[a,b]",
                "[6.3,6.4,6.5]",
                "[-1,)"
            })
    void refusesWhatIsNoRange(String text) {
        assertThatThrownBy(() -> KernelRange.parse(text))
                .isInstanceOf(BadSpecException.class)
                .hasMessage("\"" + text + "\" is no range of kernels; write [6.3,) or [6.1,6.12)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[6.12,6.1)", "(7,6]", "[6.3.2,6.3.1]"})
    void refusesARangeThatIsBackwards(String text) {
        assertThatThrownBy(() -> KernelRange.parse(text))
                .isInstanceOf(BadSpecException.class)
                .hasMessageContaining("begins after it ends");
    }
}
