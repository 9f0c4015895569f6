// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.internal.symbols.Symbols;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AimTest {
    @Test
    void saysWhereAnNmiLandedInTheKernelsOwnWords() throws IOException {
        Symbols symbols = Symbols.parse("""
                ffffffff81000000 T _stext
                ffffffff81000050 t rcu_cblist_enqueue
                ffffffff81000080 T after
                ffffffff81000100 T _etext
                """.getBytes(UTF_8));
        assertThat(Aim.where(symbols, 0xffffffff81000050L)).isEqualTo("rcu_cblist_enqueue+0x0");
        assertThat(Aim.where(symbols, 0xffffffff8100006aL)).isEqualTo("rcu_cblist_enqueue+0x1a");
        assertThat(Aim.where(symbols, 0x404690)).isEqualTo("0x404690");
        assertThat(new Landing(1, 0xffffffff8100006aL, "rcu_cblist_enqueue+0x1a", Optional.empty(), 0))
                .hasToString("NMI on CPU 1 at rcu_cblist_enqueue+0x1a");
    }
}
