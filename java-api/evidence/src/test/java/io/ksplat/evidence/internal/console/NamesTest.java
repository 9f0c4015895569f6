// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".constprop.0",
                ".isra.3",
                ".part.0.cold",
                ".cold",
                ".llvm.1234567890",
                ".lto_priv.12",
                ".__uniq.81.llvm.12",
                ".cfi_jt",
                ".localalias"
            })
    void whatACompilerAppendsComesOff(String suffix) {
        assertThat(Names.plain("demo_open" + suffix)).isEqualTo("demo_open");
    }

    @Test
    void aProgramIsCalledAsItsAuthorCalledIt() {
        assertThat(Names.plain("bpf_prog_3699ea119d1f6ed8_on_nmi")).isEqualTo("on_nmi");
    }
}
