// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.jna;

import com.sun.jna.IntegerType;
import com.sun.jna.Native;

/** C's {@code size_t}. */
public final class SizeT extends IntegerType {
    /** JNA calls this to make results. */
    public SizeT() {
        this(0);
    }

    /** Makes an argument. */
    public SizeT(long value) {
        super(Native.SIZE_T_SIZE, value, true);
    }
}
