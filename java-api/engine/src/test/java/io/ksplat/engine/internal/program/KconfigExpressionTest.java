// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.image.KernelConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KconfigExpressionTest {
    private static final KernelConfig CONFIG = KernelConfig.parse("""
            CONFIG_YES=y
            CONFIG_MODULE=m
            # CONFIG_NO is not set
            CONFIG_HZ=250
            CONFIG_LSM="landlock,bpf"
            """);

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "CONFIG_YES; true",
                "CONFIG_MODULE; true",
                "CONFIG_HZ; true",
                "CONFIG_NO; false",
                "CONFIG_YES=y; true",
                "CONFIG_MODULE=y; false",
                "CONFIG_MODULE=m; true",
                "CONFIG_NO=n; true",
                "CONFIG_YES=n; false",
                "CONFIG_HZ=250; true",
                "CONFIG_HZ=1000; false",
                "CONFIG_LSM=\"landlock,bpf\"; true",
                "!CONFIG_NO; true",
                "!CONFIG_YES; false",
                "CONFIG_NO|CONFIG_YES; true",
                "CONFIG_NO | CONFIG_NO; false",
                "CONFIG_YES & CONFIG_NO; false",
                "CONFIG_YES=y & CONFIG_MODULE=m; true",
                "CONFIG_YES | CONFIG_NO & CONFIG_NO; true",
                "(CONFIG_YES | CONFIG_NO) & CONFIG_NO; false",
                "!(CONFIG_YES & CONFIG_NO); true",
                "CONFIG_NO & (CONFIG_YES); false"
            })
    void holds(String condition, boolean holds) {
        assertThat(KconfigExpression.holds(condition, CONFIG)).isEqualTo(holds);
    }

    @Test
    void tellsWhatItFound() {
        assertThat(KconfigExpression.found("CONFIG_YES=m & (CONFIG_NO | CONFIG_HZ=1000)", CONFIG))
                .isEqualTo("CONFIG_HZ=250, CONFIG_NO is not set, CONFIG_YES=y");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "YES",
                "CONFIG_YES CONFIG_NO",
                "CONFIG_YES &",
                "(CONFIG_YES",
                "CONFIG_YES)",
                "!",
                "CONFIG_YES | ;"
            })
    void whatIsNoCondition(String condition) {
        assertThatThrownBy(() -> KconfigExpression.holds(condition, CONFIG))
                .hasMessageContaining("\"" + condition + "\" is no condition on a kernel's configuration: write");
    }
}
