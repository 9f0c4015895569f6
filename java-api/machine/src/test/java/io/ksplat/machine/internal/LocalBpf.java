// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfTarget;
import io.ksplat.bpf.LocalTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The contract in the kernel that this JVM runs on. No test class of its own: {@link LocalTargetTest} has it run in a guest, and it is
 * refused elsewhere.
 */
class LocalBpf extends BpfContract {
    /** A folder that only a guest has: {@link LocalTargetTest} makes it there. */
    static final String OBJECTS = "ksplat.contract.objects";

    @Override
    BpfTarget target() throws IOException {
        return LocalTarget.open();
    }

    @Override
    BpfObjectFile file(String source) throws IOException {
        return ContractObjects.in(Path.of(System.getProperty(OBJECTS)), source);
    }

    @Test
    void isRefusedWithoutTheProperty() {
        System.clearProperty(LocalTarget.PROPERTY);
        try {
            assertThatThrownBy(LocalTarget::open)
                    .isInstanceOf(BpfException.class)
                    .hasMessageContaining("set the system property ksplat.target=local");
        } finally {
            System.setProperty(LocalTarget.PROPERTY, "local");
        }
    }

    @Test
    void saysThatThereIsNoOutsideToReadFrom() throws IOException {
        try (BpfObject bpf = BpfObject.load(target(), file("contract"))) {
            assertThatThrownBy(() -> bpf.global("runs").physicalAddress())
                    .isInstanceOf(UnsupportedOperationException.class);
        }
    }

    /** Descriptors and mappings of what was loaded and closed again and again. */
    @Test
    void leaksNothing() throws IOException {
        useOnce();
        long descriptors = descriptors();
        long mappings = mappings();
        for (int i = 0; i < 20; i++) {
            useOnce();
        }
        assertThat(descriptors()).isEqualTo(descriptors);
        assertThat(mappings()).isLessThanOrEqualTo(mappings);
    }

    private void useOnce() throws IOException {
        BpfObject bpf = BpfObject.load(target(), file("contract"));
        bpf.program("on_enter").attach();
        bpf.program("count").run();
        bpf.ringBuffer("events");
        bpf.map("slots").entries();
        bpf.close();
        assertThatThrownBy(() ->
                        BpfObject.open(file("contract")).programs("refused").load(target()))
                .isInstanceOf(BpfException.class);
    }

    private static long descriptors() throws IOException {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(fd -> {
                        try {
                            return Files.readSymbolicLink(fd).toString().contains("bpf");
                        } catch (IOException e) {
                            // the descriptor of the listing itself
                            return false;
                        }
                    })
                    .count();
        }
    }

    private static long mappings() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("bpf"))
                .count();
    }
}
