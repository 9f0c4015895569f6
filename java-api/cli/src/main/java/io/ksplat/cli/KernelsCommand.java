// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Kernels;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
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
        Cache cache = Cache.standard();
        out.println("In " + cache.root() + ":");
        Kernels kernels = new Kernels(cache);
        for (Cache.Entry entry : kernels.cached()) {
            out.printf(
                    Locale.ROOT,
                    "  %-50s %8.1f MB  %s, used %s%n",
                    entry.key(),
                    entry.bytes() / 1e6,
                    entry.kind(),
                    entry.lastUsed().toString().substring(0, 10));
        }
        if (!cachedOnly) {
            Progress progress = Progress.on(spec.commandLine().getErr());
            List<Kernels.Available> available = kernels.available(progress);
            List<String> buildable = kernels.buildable(progress);
            progress.clear();
            out.println("Can be fetched:");
            for (Kernels.Available kernel : available) {
                out.printf(
                        Locale.ROOT,
                        "  %-30s %8.1f MB  %s%n",
                        kernel.spec(),
                        kernel.bytes() / 1e6,
                        kernel.release() + " (" + kernel.suite() + ")");
            }
            out.println("Can be built:");
            String profiles = String.join(", ", kernels.profileNames());
            buildable.forEach(version -> out.println("  source:" + version + "+PROFILE, PROFILE one of " + profiles));
        }
        out.flush();
        return Exit.EXPECTED;
    }

    @Command(name = "rm", description = "Removes kernels from the cache.", mixinStandardHelpOptions = true)
    int rm(@Parameters(paramLabel = "KEY", arity = "1..*") List<String> keys)
            throws KernelException, InterruptedException {
        Kernels kernels = new Kernels(Cache.standard());
        for (String key : keys) {
            if (!kernels.remove(key)) {
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
    int prune(@Option(names = "--older-than", paramLabel = "DAYS", required = true) int days)
            throws KernelException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        for (Cache.Entry entry : new Kernels(Cache.standard()).prune(Duration.ofDays(days))) {
            out.printf(Locale.ROOT, "removed %s (%.1f MB)%n", entry.key(), entry.bytes() / 1e6);
        }
        out.flush();
        return Exit.EXPECTED;
    }
}
