// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.shell;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EscapeTest {
    private final Escape escape = new Escape();

    private String passed(String keys) {
        byte[] bytes = keys.getBytes(US_ASCII);
        return new String(escape.filter(bytes, bytes.length), US_ASCII);
    }

    @Test
    void passesOnWhatIsNoEscape() {
        assertThat(passed("axa\u0003x")).isEqualTo("axa\u0003x");
        assertThat(escape.isAsked()).isFalse();
    }

    @Test
    void ctrlAAndXIsTheWayOutAlsoIfTheyComeApart() {
        assertThat(passed("ls\u0001")).isEqualTo("ls");
        assertThat(escape.isAsked()).isFalse();
        assertThat(passed("x and more")).isEmpty();
        assertThat(escape.isAsked()).isTrue();
    }

    @Test
    void ctrlATwiceIsOneAndBeforeAnyOtherKeyItIsItself() {
        assertThat(passed("\u0001\u0001x\u0001b")).isEqualTo("\u0001x\u0001b");
        assertThat(escape.isAsked()).isFalse();
    }
}
