// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import java.io.IOException;
import java.time.Duration;

/** How NMIs reach a machine that nobody can stop at an instruction, and how they are counted there. */
public interface OutsideNmis {
    /** Returns what sends them, in words; of a storm. */
    String source();

    /** Returns how many CPUs there are. */
    int cpus();

    /** Returns how long to wait for what a fast machine does in {@code time}. */
    Duration scale(Duration time);

    /**
     * Begins a storm.
     *
     * @throws io.ksplat.machine.internal.UnsupportedTargetException if nothing can send one
     */
    void begin(double perSecond, Duration time) throws IOException;

    /** Sends one, if it is not something in the machine that sends them by itself since {@link #begin}. */
    void send() throws IOException;

    /** Ends a storm. */
    void end() throws IOException;

    /** Returns how many NMIs the CPUs have handled since the boot, all together. */
    long taken() throws IOException;

    /** Has the kernel send an NMI to each CPU but the one that asks. */
    void sysrq() throws IOException;
}
