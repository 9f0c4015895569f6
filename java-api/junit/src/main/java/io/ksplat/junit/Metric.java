// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a figure that a reproducer measures, which makes it a workload for {@code ksplat bench workload}. The figure
 * comes from controls, which count in the guest by its own clock.
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
    /** The name in camel case, as in JSON: {@code eventsPerSecond}. */
    String name();

    /** The unit, for example {@code 1/s} or {@code KiB}. */
    String unit();

    /** The control that counts the events. */
    String count();

    /** The control that counts the nanoseconds, if the figure is a rate; empty if the count itself is the figure. */
    String nanoseconds() default "";

    /** Several metrics. */
    @Documented
    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @interface All {
        Metric[] value();
    }
}
