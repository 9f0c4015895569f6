// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.KernelLacksException;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QemuPartsTest {
    private static final String ALL = "CONFIG_NUMA=y\nCONFIG_ACPI_NUMA=y\nCONFIG_ACPI_TABLE_UPGRADE=y\n";

    @TempDir
    Path folder;

    private Kernel kernel(Optional<String> config) throws IOException {
        Path image = folder.resolve("image");
        Optional<Path> file = config.isPresent()
                ? Optional.of(Files.writeString(folder.resolve("config"), config.get()))
                : Optional.empty();
        return new Kernel(
                new KernelSpec.Image(image),
                "7.3.4",
                "7.3.4",
                image,
                Optional.empty(),
                file,
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                "0");
    }

    @Test
    void aKernelThatTakesNoTableHasNoNodes() throws IOException {
        Kernel lacks = kernel(Optional.of(ALL.replace("CONFIG_ACPI_TABLE_UPGRADE=y", "")));
        assertThatThrownBy(() -> QemuParts.requireNodes(lacks))
                .isInstanceOfSatisfying(
                        KernelLacksException.class,
                        e -> assertThat(e.lacks())
                                .startsWith("NUMA nodes: it was built without CONFIG_ACPI_TABLE_UPGRADE (")
                                .contains("ksplat help kernels"));
    }

    @Test
    void whoseConfigurationIsNotKnownIsAskedWhenItRuns() throws IOException {
        Kernel has = kernel(Optional.of(ALL));
        Kernel unknown = kernel(Optional.empty());
        assertThatCode(() -> QemuParts.requireNodes(has)).doesNotThrowAnyException();
        assertThatCode(() -> QemuParts.requireNodes(unknown)).doesNotThrowAnyException();
    }
}
