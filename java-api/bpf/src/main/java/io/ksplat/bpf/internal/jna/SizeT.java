// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.jna;

import com.sun.jna.IntegerType;
import com.sun.jna.Native;

/** C's {@code size_t}. */
public final class SizeT extends IntegerType {
    /** For JNA, which makes its results through it. */
    public SizeT() {
        this(0);
    }

    public SizeT(long value) {
        super(Native.SIZE_T_SIZE, value, true);
    }
}
