// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.Doctor;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "doctor",
        description =
                "Tells how fast this machine is, what is cached, and what does not work here and why. Fetches nothing.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:all that was tried works", "2:usage", "3:no kernel boots here"})
final class DoctorCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Override
    public Integer call() throws Exception {
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        Doctor doctor = new Doctor(machines.options(progress));
        try {
            doctor.examine();
        } finally {
            progress.clear();
            PrintWriter out = spec.commandLine().getOut();
            out.print(doctor.text());
            out.flush();
        }
        return doctor.works() ? Exit.EXPECTED : Exit.HARNESS;
    }
}
