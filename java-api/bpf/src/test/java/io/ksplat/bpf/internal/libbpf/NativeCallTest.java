// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ksplat.bpf.LibbpfException;
import org.junit.jupiter.api.Test;

class NativeCallTest {
    @Test
    void aMissingLibraryIsNamedWithItsPackage() {
        assertThatExceptionOfType(LibbpfException.class)
                .isThrownBy(() -> NativeCall.bind("libbpf-absent.so.1"))
                .withMessageContaining("libbpf-absent.so.1")
                .withMessageContaining("install the package libbpf1");
    }
}
