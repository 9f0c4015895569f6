// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.BpfBackend;

/** Gives tests of other packages what is behind an object. */
public final class Backends {
    private Backends() {}

    public static BpfBackend of(BpfObject object) {
        return object.backend();
    }
}
