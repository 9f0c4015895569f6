// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SequentialTestsTest {
    private static final double ERROR_RATE = 0.05;
    private static final int TRIALS = 4000;

    /** The error stays below the stated one, for every rate. */
    @ParameterizedTest
    @ValueSource(ints = {2, 5, 20, 50, 80, 95, 100})
    void aPatchThatMakesNoDifferenceIsSeldomCalledACure(int percent) {
        Random random = new Random(percent);
        int wrong = 0;
        for (int i = 0; i < TRIALS; i++) {
            wrong += pairsUntilCured(random, percent / 100.0, percent / 100.0, 300) < 300 ? 1 : 0;
        }
        System.out.printf("%3d %%: no cure called one in %.1f %%%n", percent, 100.0 * wrong / TRIALS);
        assertThat(wrong / (double) TRIALS).isLessThanOrEqualTo(ERROR_RATE);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 20, 50, 100})
    void aCureIsFoundToBeOne(int percent) {
        Random random = new Random(percent);
        long pairs = 0;
        for (int i = 0; i < TRIALS; i++) {
            int needed = pairsUntilCured(random, percent / 100.0, 0, 2000);
            assertThat(needed).isLessThan(2000);
            pairs += needed;
        }
        System.out.printf("%3d %%: a cure is known to be one after %.1f pairs%n", percent, pairs / (double) TRIALS);
    }

    @Test
    void whereTheBugAlwaysShowsThreePairsAreEnough() {
        assertThat(pairsUntilCured(new Random(1), 1, 0, 100)).isEqualTo(3);
    }

    private static int pairsUntilCured(Random random, double base, double patched, int limit) {
        CureStatistic test = new CureStatistic(ERROR_RATE);
        int pairs = 0;
        while (!test.isCured() && pairs < limit) {
            test.pair(random.nextDouble() < base, random.nextDouble() < patched);
            pairs++;
        }
        return pairs;
    }

    @Test
    void noiseIsSeldomTakenForMore() {
        Random random = new Random(7);
        int wrong = 0;
        for (int i = 0; i < TRIALS; i++) {
            NoiseStatistic test = new NoiseStatistic(0.2, ERROR_RATE);
            for (int run = 0; run < 300 && !test.isMore(); run++) {
                test.run(random.nextDouble() < 0.2);
            }
            wrong += test.isMore() ? 1 : 0;
        }
        assertThat(wrong / (double) TRIALS).isLessThanOrEqualTo(ERROR_RATE);
    }

    @Test
    void oneSightingOfWhatNoiseNeverShowsIsEnough() {
        NoiseStatistic test = new NoiseStatistic(0.005, ERROR_RATE);
        test.run(true);
        assertThat(test.isMore()).isTrue();
    }

    /** Each run multiplies the ratio of what was expected before it to the noise. */
    @Test
    void runsThatShowNothingCountAgainstThoseThatDo() {
        NoiseStatistic test = new NoiseStatistic(0.2, ERROR_RATE);
        test.run(false);
        assertThat(test.errorBound()).isOne();
        test.run(true);
        test.run(true);
        test.run(true);
        double nothing = (1 - 0.9) / (1 - 0.2);
        double shown = (0.9 / 2) / 0.2 * (1.9 / 3) / 0.2 * (2.9 / 4) / 0.2;
        assertThat(test.errorBound()).isCloseTo(1 / (nothing * shown), within(1e-9));
    }

    @Test
    void theErrorThatIsAllowedMayBeReached() {
        CureStatistic cure = new CureStatistic(ERROR_RATE);
        cure.pair(true, false);
        CureStatistic justCured = new CureStatistic(cure.errorBound());
        justCured.pair(true, false);
        assertThat(justCured.isCured()).isTrue();

        NoiseStatistic more = new NoiseStatistic(0.2, ERROR_RATE);
        more.run(true);
        NoiseStatistic justMore = new NoiseStatistic(0.2, more.errorBound());
        justMore.run(true);
        assertThat(justMore.isMore()).isTrue();
    }

    @Test
    void intervalsAreClopperAndPearsons() {
        // Clopper and Pearson 1934 for 5 of 20: 8.66 % to 49.10 %.
        assertThat(new Rate(5, 20).lower(0.05)).isCloseTo(0.0866, within(1e-4));
        assertThat(new Rate(5, 20).upper(0.05)).isCloseTo(0.4910, within(1e-4));
        assertThat(new Rate(3, 3)).hasToString("3 of 3 (29 % to 100 %)");
        assertThat(new Rate(5, 20)).hasToString("5 of 20 (9 % to 49 %)");
        assertThat(new Rate(0, 0)).hasToString("0 of 0");
        assertThat(new Rate(0, 0).lower(0.05)).isZero();
        assertThat(new Rate(0, 0).upper(0.05)).isOne();
    }
}
