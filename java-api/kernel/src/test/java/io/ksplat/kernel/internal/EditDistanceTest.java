// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EditDistanceTest {
    @ParameterizedTest
    @CsvSource({
        "'', '', 0",
        "'', abc, 3",
        "kitten, sitting, 3",
        "call_rcu, call_rcu, 0",
        "call_rcu, cal_rcu, 1",
        "call_rcu, caller_rcu, 2",
        "ab, ba, 2"
    })
    void countsTheEditsInBothDirections(String one, String other, int edits) {
        assertThat(EditDistance.between(one, other)).isEqualTo(edits);
        assertThat(EditDistance.between(other, one)).isEqualTo(edits);
    }

    @Test
    void countsNoFurtherThanTheLimit() {
        assertThat(EditDistance.between("kitten", "sitting", 3)).isEqualTo(3);
        assertThat(EditDistance.between("kitten", "sitting", 2)).isEqualTo(3);
        assertThat(EditDistance.between("abcdef", "uvwxyz", 2)).isEqualTo(3);
        assertThat(EditDistance.between("abcxx", "abcyyzz", 2)).isEqualTo(3);
        assertThat(EditDistance.between("a", "a_much_longer_name", 4)).isEqualTo(5);
    }
}
