// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RatioTest {

    /**
     * Computed by hand: the logarithms of 2, 4 and 8 have the mean ln 4 and the deviation ln 2; t(2, 0.975) is
     * 4.302653.
     */
    @Test
    void isStudentsIntervalOfTheLogarithms() {
        Ratio ratio = Ratio.ofPairs("r", List.of(2.0, 8.0, 24.0), List.of(1.0, 2.0, 3.0));

        double reach = 4.302653 * Math.log(2) / Math.sqrt(3);
        assertThat(ratio.value()).isEqualTo(4, within(1e-9));
        assertThat(ratio.low().orElseThrow()).isEqualTo(4 * Math.exp(-reach), within(1e-5));
        assertThat(ratio.high().orElseThrow()).isEqualTo(4 * Math.exp(reach), within(1e-4));
    }

    /** The host's load affects both values of a pair, so it cancels in the ratio. */
    @Test
    void whatSlowsBothSidesIsNoUncertainty() {
        Ratio ratio = Ratio.ofPairs("r", List.of(100.0, 10.0, 50.0), List.of(50.0, 5.0, 25.0));

        assertThat(ratio.low().orElseThrow()).isEqualTo(2, within(1e-9));
        assertThat(ratio.high().orElseThrow()).isEqualTo(2, within(1e-9));
    }

    @Test
    void holdsTheTruthNineteenTimesOfTwenty() {
        Random random = new Random(1);
        int held = 0;
        for (int i = 0; i < 2000; i++) {
            List<Double> over = new ArrayList<>();
            List<Double> under = new ArrayList<>();
            for (int pair = 0; pair < 6; pair++) {
                double load = 1 + random.nextDouble();
                over.add(300 * load * Math.exp(0.1 * random.nextGaussian()));
                under.add(200 * load * Math.exp(0.1 * random.nextGaussian()));
            }
            Ratio ratio = Ratio.ofPairs("r", over, under);
            held += ratio.low().orElseThrow() <= 1.5 && 1.5 <= ratio.high().orElseThrow() ? 1 : 0;
        }
        assertThat(held / 2000.0).isBetween(0.935, 0.965);
    }

    @Test
    void onePairHasNoInterval() {
        assertThatThrownBy(() -> Ratio.ofPairs("r", List.of(1.0), List.of(1.0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two pairs");
    }
}
