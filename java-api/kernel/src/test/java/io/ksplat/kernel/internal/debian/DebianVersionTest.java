// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DebianVersionTest {
    @Test
    void ordersAsDpkgDoes() throws Exception {
        List<String> versions = List.of(
                "7.3~rc7-1~exp1",
                "7.3-1",
                "7.3.4-1~bpo13+1",
                "7.3.4-1",
                "7.3.10-1",
                "6.12.117-1~deb12u1",
                "6.12.117-1",
                "6.1.192-2",
                "1:0.1-1",
                "7.2.13-1",
                "7.2.13-1+b1",
                "7.02.13-1");
        for (String a : versions) {
            for (String b : versions) {
                int ours = new DebianVersion(a).compareTo(new DebianVersion(b));
                String relation = ours < 0 ? "lt" : ours > 0 ? "gt" : "eq";
                int dpkg = new ProcessBuilder("dpkg", "--compare-versions", a, relation, b)
                        .start()
                        .waitFor();
                assertThat(dpkg).as("%s %s %s", a, relation, b).isZero();
            }
        }
    }

    @Test
    void aSeriesTakesInItsReleasesAndItsCandidatesButNoOtherSeries() {
        assertThat(new DebianVersion("7.3.4-1~bpo13+1").satisfies("7.3")).isTrue();
        assertThat(new DebianVersion("7.3~rc7-1~exp1").satisfies("7.3")).isTrue();
        assertThat(new DebianVersion("7.3~rc7-1~exp1").satisfies("7.3-rc7")).isTrue();
        assertThat(new DebianVersion("7.3.4-1").satisfies("7.3.4")).isTrue();
        assertThat(new DebianVersion("7.3.4-1~bpo13+1").satisfies("7.3.4-1~bpo13+1"))
                .isTrue();
        assertThat(new DebianVersion("6.12.117-1").satisfies("6.1")).isFalse();
        assertThat(new DebianVersion("7.3.40-1").satisfies("7.3.4")).isFalse();
    }
}
