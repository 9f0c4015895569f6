// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.kernel.Progress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Progress where nobody watches a terminal: a kernel that is built says so in the log, but not a thousand times. */
public final class LoggedProgress implements Progress {
    private static final Logger LOG = LoggerFactory.getLogger("ksplat");
    private static final Duration BETWEEN_STEPS = Duration.ofSeconds(30);

    private long logged = System.nanoTime() - BETWEEN_STEPS.toNanos();

    @Override
    public synchronized void report(String line, double fraction) {
        if (fraction < 0) {
            LOG.debug(line);
        } else if (System.nanoTime() - logged >= BETWEEN_STEPS.toNanos()) {
            logged = System.nanoTime();
            LOG.info("{} ({} %)", line, Math.round(fraction * 100));
        }
    }
}
