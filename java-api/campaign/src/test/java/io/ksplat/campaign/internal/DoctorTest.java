// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.internal.CacheBound;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DoctorTest {
    private static final long GIB = 1L << 30;

    private static CacheBound.Item item(String kind, long bytes, boolean removable) {
        return new CacheBound.Item(kind, "key", bytes, Instant.EPOCH, removable, false);
    }

    private static String line(long bound) {
        List<CacheBound.Item> items = List.of(
                item("debian", 15 * GIB, true), item("template", 3 * GIB, true), item("container", 6 * GIB, false));
        return Doctor.cacheLine(Path.of("/cache"), items, Optional.of(bound).filter(most -> most > 0));
    }

    @Test
    void aCacheAboveItsBoundIsNotOk() {
        assertThat(line(20 * GIB))
                .isEqualTo("ok       cache          /cache: 24.0 GiB; 1 kernels, 1 templates;"
                        + " 18.0 GiB that can be removed are kept below 20.0 GiB (ksplat cache list)\n");
        assertThat(line(17 * GIB))
                .startsWith("note     cache ")
                .contains("18.0 GiB that can be removed are above the bound of 17.0 GiB");
        assertThat(line(0)).startsWith("ok ").contains("kept without a bound");
    }
}
