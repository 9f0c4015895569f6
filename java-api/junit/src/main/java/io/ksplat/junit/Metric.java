// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A figure that a reproducer gives, which makes it a workload: {@code ksplat bench workload} runs it. What is counted are controls,
 * in the guest, by its own clock.
 *
 * <pre>{@code
 * @Reproducer(id = "unlink-rate", bpf = "unlink_rate.bpf.c", shows = "how fast files go", seed = "none")
 * @Metric(name = "unlinksPerSecond", unit = "1/s", count = "unlinks", nanoseconds = "unlink-ns")
 * class UnlinkRate {
 *     @Test
 *     void unlink(Machine machine, BpfObject bpf) throws IOException {
 *         bpf.program("unlink").run();
 *         machine.controls().atLeast("unlinks", bpf.global("unlinks"), 1);
 *         machine.controls().atLeast("unlink-ns", bpf.global("unlink_ns"), 1);
 *     }
 * }
 * }</pre>
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Repeatable(Metric.All.class)
public @interface Metric {
    /** In camel case, as in JSON: {@code eventsPerSecond}. */
    String name();

    /** {@code 1/s}, {@code KiB}. */
    String unit();

    /** The control that counts. */
    String count();

    /** The control that counts the nanoseconds that it took, where the figure is a rate; none: the count itself is the figure. */
    String nanoseconds() default "";

    /** Several of them. */
    @Documented
    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @interface All {
        Metric[] value();
    }
}
