// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("full")
class NoisySearchTest {
    private static final int COMMITS = 1000;
    private static final int BISECTIONS = Integer.getInteger("ksplat.bisections", 1000);
    private static final double CONFIDENCE = 0.98;

    /**
     * The contract: the right one of a thousand commits in at least 95 of 100 bisections, however seldom the bug shows.
     */
    @ParameterizedTest
    @ValueSource(ints = {5, 10, 20, 30, 50, 70, 90, 100})
    void findsTheRightCommitInAtLeast95Percent(int percent) {
        Random random = new Random(percent);
        Tally noisy = new Tally();
        Tally plain = new Tally();
        Tally patient = new Tally();
        for (int i = 0; i < BISECTIONS; i++) {
            History history = new History(1 + random.nextInt(COMMITS - 1), percent / 100.0, random);
            noisy.add(history.first, search(history), history.runs);
            noisy.moved += history.moves;
            history.restart();
            plain.add(history.first, gitBisectRun(history, 1), history.runs);
            history.restart();
            patient.add(history.first, gitBisectRun(history, runsForSameConfidence(percent / 100.0)), history.runs);
        }
        System.out.printf(
                "%3d %%: right %5.1f %%, %6.1f runs, %5.1f changes of commit | git bisect run: right %5.1f %%, %5.1f runs |"
                        + " with %d runs a commit: right %5.1f %%, %6.1f runs%n",
                percent,
                noisy.percentRight(),
                noisy.meanRuns(),
                noisy.moved / (double) BISECTIONS,
                plain.percentRight(),
                plain.meanRuns(),
                runsForSameConfidence(percent / 100.0),
                patient.percentRight(),
                patient.meanRuns());
        assertThat(noisy.percentRight()).isGreaterThanOrEqualTo(95);
    }

    /** Measures the rate of the bad end first, then runs where the search wants to. */
    private static int search(History history) {
        NoisySearch search = NoisySearch.among(COMMITS);
        while (search.rate(COMMITS - 1).seen() < 2) {
            search.observe(COMMITS - 1, history.isBad(COMMITS - 1));
        }
        while (search.best().probability() < CONFIDENCE) {
            int next = search.next(1, 0).member();
            search.observe(next, history.isBad(next));
        }
        assertThat(search.best().first()).isEqualTo(search.best().last());
        return search.best().first();
    }

    /**
     * A script under {@code git bisect run} that runs each commit a fixed number of times and calls it good if no run
     * shows the bug.
     */
    private static int gitBisectRun(History history, int tries) {
        int good = 0;
        int bad = COMMITS - 1;
        while (bad - good > 1) {
            int middle = (good + bad) / 2;
            boolean seen = false;
            for (int i = 0; i < tries && !seen; i++) {
                seen = history.isBad(middle);
            }
            if (seen) {
                bad = middle;
            } else {
                good = middle;
            }
        }
        return bad;
    }

    /** Ten steps, half of them at bad commits; each may miss the bug once in a hundred. */
    private static int runsForSameConfidence(double rate) {
        return rate == 1 ? 1 : (int) Math.ceil(Math.log(0.01) / Math.log1p(-rate));
    }

    private static final class History {
        private final int first;
        private final double rate;
        private final Random random;
        private int runs;
        private int moves;
        private int at = -1;

        History(int first, double rate, Random random) {
            this.first = first;
            this.rate = rate;
            this.random = random;
        }

        boolean isBad(int commit) {
            runs++;
            moves += commit == at ? 0 : 1;
            at = commit;
            return commit >= first && random.nextDouble() < rate;
        }

        void restart() {
            runs = 0;
            moves = 0;
        }
    }

    private static final class Tally {
        private int right;
        private long runs;
        private int count;
        private int moved;

        void add(int truth, int answer, int used) {
            count++;
            runs += used;
            right += truth == answer ? 1 : 0;
        }

        double percentRight() {
            return 100.0 * right / count;
        }

        double meanRuns() {
            return runs / (double) count;
        }
    }

    @Test
    void whatTheRunsSayShiftsTheProbability() {
        NoisySearch search = NoisySearch.among(5);
        for (int i = 0; i < 20; i++) {
            search.observe(4, true);
        }
        search.observe(2, false);

        assertThat(search.probablyBad(2)).isLessThan(0.06);
        assertThat(search.probablyBad(4)).isEqualTo(1);

        search.observe(2, true);

        assertThat(search.probablyBad(2)).isGreaterThan(0.8);
    }

    @Test
    void aContradictionIsLookedAtAgain() {
        NoisySearch search = NoisySearch.among(100);
        for (int i = 0; i < 10; i++) {
            search.observe(99, i % 2 == 0);
        }
        for (int i = 0; i < 3; i++) {
            search.observe(50, false);
        }
        double before = search.probablyBad(50);
        search.observe(40, true);

        assertThat(before).isLessThan(0.2);
        assertThat(search.probablyBad(50)).as("a bad one before it").isGreaterThan(0.95);
    }

    @Test
    void neighboursOfWhatWasSkippedCannotBeToldApart() {
        NoisySearch search = NoisySearch.among(6);
        search.skip(2);
        search.skip(3);
        for (int i = 0; i < 12; i++) {
            search.observe(5, true);
            search.observe(4, true);
            search.observe(1, false);
        }

        assertThat(search.best().first()).isEqualTo(2);
        assertThat(search.best().last()).isEqualTo(4);
        assertThat(search.best().probability()).isGreaterThan(0.99);
    }

    @Test
    void whatWasSkippedIsNeverAskedFor() {
        NoisySearch search = NoisySearch.among(64);
        for (int i = 20; i < 50; i++) {
            search.skip(i);
        }
        for (int i = 0; i < 50; i++) {
            int next = search.next(1, 10).member();
            assertThat(next < 20 || next >= 50).as("member %d", next).isTrue();
            search.observe(next, next >= 19);
        }
        assertThat(search.best().first()).isEqualTo(19);
    }

    @Test
    void aGoodEndThatIsBadIsSaidToBe() {
        NoisySearch search = NoisySearch.among(50);
        for (int i = 0; i < 5; i++) {
            search.observe(49, true);
            search.observe(0, i > 0);
        }

        assertThat(search.best().isGoodEnd()).isTrue();
        assertThat(search.best().probability()).isGreaterThan(0.99);
    }

    @Test
    void costKeepsItAtWhatIsBuilt() {
        NoisySearch cheap = NoisySearch.among(1000);
        NoisySearch dear = NoisySearch.among(1000);
        for (NoisySearch search : new NoisySearch[] {cheap, dear}) {
            for (int i = 0; i < 20; i++) {
                search.observe(999, i % 3 == 0);
            }
            search.observe(400, false);
        }

        assertThat(dear.next(1, 1000).member()).isIn(400, 999);
        assertThat(cheap.next(1, 0).member()).isNotIn(400, 999);
    }
}
