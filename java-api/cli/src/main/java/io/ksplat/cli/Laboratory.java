// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.junit.Lab;
import io.ksplat.kernel.Cache;
import io.ksplat.report.Report;
import io.ksplat.vm.Accelerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A lab and its report for as long as a command runs; a signal ends its machines and lets the report be written. */
final class Laboratory implements AutoCloseable {
    private final Lab lab;
    private final Report report;
    private final Thread hook;

    private Laboratory(Lab lab, Report report) {
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

    Report report() {
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
