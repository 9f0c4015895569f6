// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.junit.Lab;
import io.ksplat.kernel.Cache;
import io.ksplat.machine.Accelerator;
import io.ksplat.results.internal.RunLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A lab and its report for as long as a command runs; a signal ends its machines and lets the report be written. */
final class Laboratory implements AutoCloseable {
    private final Lab lab;
    private final RunLog report;
    private final Thread hook;

    private Laboratory(Lab lab, RunLog report) {
        this.lab = lab;
        this.report = report;
        this.hook = new Thread(() -> lab.interrupt("ksplat was interrupted"), "ksplat-shutdown");
    }

    static Laboratory open(Path folder, io.ksplat.kernel.Progress progress, Optional<Accelerator> accelerator)
            throws IOException {
        Lab lab = new Lab(Cache.standard(), progress, accelerator, List.of());
        Laboratory opened = new Laboratory(lab, lab.report(folder.toAbsolutePath()));
        Runtime.getRuntime().addShutdownHook(opened.hook);
        return opened;
    }

    Lab lab() {
        return lab;
    }

    RunLog report() {
        return report;
    }

    @Override
    public void close() {
        if (!lab.isInterrupted()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        lab.close();
    }
}
