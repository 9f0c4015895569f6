// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParallelismTest {

    @ParameterizedTest
    @CsvSource({
        "  2, 24000,   2",
        " 16, 64000,  16",
        " 16,  4096,   7",
        "  4,  1024,   1",
        "  4,   100,   1",
        "512, 999999, 256",
    })
    void oneForEachCpuWhereTheMemorySuffices(int cpus, long availableMiB, int jobs) {
        assertThat(Parallelism.fitting(cpus, availableMiB << 20)).isEqualTo(jobs);
    }

    @ParameterizedTest
    @CsvSource({"MemAvailable:    1024 kB, 1048576", "MemFree:    1024 kB, 9223372036854775807"})
    void readsWhatTheHostHas(String line, long bytes) {
        assertThat(Parallelism.memAvailable(List.of("MemTotal:       16 kB", line)))
                .isEqualTo(bytes);
    }
}
