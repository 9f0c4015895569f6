// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardNameTest {
    private static ShardName auto(String... variables) {
        Map<String, String> environment = new java.util.HashMap<>();
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return ShardName.parse("auto", environment);
    }

    @Test
    void isReadFromEachEngine() {
        assertThat(ShardName.parse("2/8", Map.of())).isEqualTo(new ShardName(2, 8));
        assertThat(auto("SLURM_ARRAY_TASK_ID", "0", "SLURM_ARRAY_TASK_MIN", "0", "SLURM_ARRAY_TASK_COUNT", "12"))
                .isEqualTo(new ShardName(1, 12));
        assertThat(auto("SLURM_ARRAY_TASK_ID", "12", "SLURM_ARRAY_TASK_MIN", "1", "SLURM_ARRAY_TASK_COUNT", "12"))
                .isEqualTo(new ShardName(12, 12));
        assertThat(auto("JOB_COMPLETION_INDEX", "3", "KSPLAT_SHARDS", "4")).isEqualTo(new ShardName(4, 4));
        assertThat(auto("CI_NODE_INDEX", "1", "CI_NODE_TOTAL", "4")).isEqualTo(new ShardName(1, 4));
        assertThat(auto("BUILDKITE_PARALLEL_JOB", "0", "BUILDKITE_PARALLEL_JOB_COUNT", "4"))
                .isEqualTo(new ShardName(1, 4));
        assertThat(auto("CIRCLE_NODE_INDEX", "3", "CIRCLE_NODE_TOTAL", "4")).isEqualTo(new ShardName(4, 4));
    }

    /** A task that takes another's share leaves its own undone. */
    @Test
    void refusesWhatWouldLeaveAShareUndone() {
        assertThatThrownBy(() ->
                        auto("SLURM_ARRAY_TASK_ID", "7", "SLURM_ARRAY_TASK_MIN", "1", "SLURM_ARRAY_TASK_COUNT", "3"))
                .hasMessageContaining("without gaps");
        assertThatThrownBy(() -> auto("JOB_COMPLETION_INDEX", "3")).hasMessageContaining("KSPLAT_SHARDS is \"\"");
        assertThatThrownBy(() -> auto("CI_NODE_INDEX", "0", "CI_NODE_TOTAL", "4"))
                .hasMessageContaining("job 0 of 4");
        assertThatThrownBy(ShardNameTest::auto).hasMessageContaining("--shard 2/8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0/4", "5/4", "1", "1/0", "-1/4", "1/4/2", "a/b", "99999999/99999999"})
    void refusesWhatIsNoShard(String text) {
        assertThatThrownBy(() -> ShardName.parse(text, Map.of())).isInstanceOf(IllegalArgumentException.class);
    }
}
