// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.KernelShelf;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "kernels",
        description = "Lists the kernels that are cached, can be fetched and can be built.",
        mixinStandardHelpOptions = true)
final class KernelsCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--cached", description = "Only those in the cache; asks no mirror.")
    private boolean cachedOnly;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        KernelShelf shelf = new KernelShelf();
        out.print(shelf.cached());
        if (!cachedOnly) {
            TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
            String available = shelf.available(progress);
            progress.clear();
            out.print(available);
        }
        out.flush();
        return Exit.EXPECTED;
    }

    @Command(
            name = "get",
            description = "Fetches or builds kernels, so that a later run need not wait.",
            mixinStandardHelpOptions = true)
    int get(
            @Parameters(paramLabel = "SPEC", arity = "1..*", description = "Kernels: " + RunSettings.KERNEL_FORMS + ".")
                    List<String> specs)
            throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        KernelShelf shelf = new KernelShelf();
        for (String kernel : specs) {
            String got = shelf.get(kernel, progress);
            progress.clear();
            out.println(got);
        }
        out.flush();
        return Exit.EXPECTED;
    }

    @Command(name = "rm", description = "Removes kernels from the cache.", mixinStandardHelpOptions = true)
    int rm(
            @Parameters(
                            paramLabel = "KEY",
                            arity = "1..*",
                            description = "Keys of kernels, as ksplat kernels --cached prints them.")
                    List<String> keys)
            throws Exception {
        KernelShelf shelf = new KernelShelf();
        for (String key : keys) {
            if (!shelf.remove(key)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "there is no kernel " + key + " in the cache; see: ksplat kernels --cached");
            }
        }
        return Exit.EXPECTED;
    }

    @Command(
            name = "prune",
            description = "Removes kernels that were not used for some days.",
            mixinStandardHelpOptions = true)
    int prune(
            @Option(
                            names = "--older-than",
                            paramLabel = "DAYS",
                            required = true,
                            description = "Those that were not used for so many days.")
                    int days)
            throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        out.print(new KernelShelf().prune(days));
        out.flush();
        return Exit.EXPECTED;
    }
}
