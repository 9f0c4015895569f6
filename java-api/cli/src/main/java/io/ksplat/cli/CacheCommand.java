// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.CacheArchive;
import io.ksplat.campaign.internal.CacheShelf;
import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetWork;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "cache",
        description = {
            "Lists, prunes or packs the cache: kernels, sources, builds, templates, compiled programs.",
            "By itself ksplat keeps it below 20 GiB after a run; KSPLAT_CACHE_MAX sets another size (50G; 0 for none)."
        },
        mixinStandardHelpOptions = true)
final class CacheCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: ksplat cache list, prune, export or import");
    }

    @Command(
            name = "list",
            description = "Lists what is in the cache, what it takes of the disk, and when it was last used.",
            mixinStandardHelpOptions = true)
    int list(@Option(names = "--json", description = "Print JSON.") boolean json) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        CacheShelf shelf = new CacheShelf();
        out.print(json ? shelf.json() + "\n" : shelf.list());
        out.flush();
        return Exit.EXPECTED;
    }

    @Command(
            name = "prune",
            description =
                    "Removes what was not used for longest, and nothing that a running ksplat uses. With a kernel goes what was made of it.",
            mixinStandardHelpOptions = true)
    int prune(
            @Option(
                            names = "--max-size",
                            paramLabel = "SIZE",
                            description = "What may be left, 500M or 20G; default: what ksplat keeps by itself.")
                    @Nullable
                    String size,
            @Option(
                            names = "--older",
                            paramLabel = "DAYS",
                            description = "Also what was not used for so many days, default 90.")
                    @Nullable
                    Integer days)
            throws Exception {
        Optional<Long> most = Optional.empty();
        if (size != null) {
            most = CacheShelf.parse(size);
            if (most.isEmpty()) {
                throw new ParameterException(
                        spec.commandLine(), "--max-size " + size + " is no size; write 500M or 20G");
            }
        }
        if (days != null && days < 0) {
            throw new ParameterException(spec.commandLine(), "--older must be at least 0");
        }
        PrintWriter out = spec.commandLine().getOut();
        out.print(new CacheShelf().prune(most, Optional.ofNullable(days)));
        out.flush();
        return Exit.EXPECTED;
    }

    @Command(
            name = "export",
            description = "Packs what another machine can use: kernels, what was built of them, compiled programs.",
            mixinStandardHelpOptions = true)
    int export(
            @Parameters(
                            paramLabel = "FILE",
                            description = "The archive: its name ends with .tar, .tar.gz, .tar.xz or .tar.zst.")
                    Path file,
            @Option(
                            names = "--plan",
                            paramLabel = "PLAN",
                            description = "Only the kernels of a plan, and the anchor of a sweep.")
                    @Nullable
                    Path plan)
            throws Exception {
        Optional<FleetPlan> only = plan == null ? Optional.empty() : Optional.of(FleetPlan.read(plan));
        int entries = CacheArchive.standard()
                .write(
                        file,
                        only.map(one -> one.kernels().stream()
                                .map(FleetPlan.Kernel::key)
                                .collect(Collectors.toSet())),
                        only.filter(one -> one.work() instanceof FleetWork.Sweep)
                                .map(one -> Set.of(((FleetWork.Sweep) one.work()).anchor()))
                                .orElse(Set.of()));
        PrintWriter out = spec.commandLine().getOut();
        out.println(entries + " entries are in " + file);
        out.flush();
        return Exit.EXPECTED;
    }

    @Command(
            name = "import",
            description = "Puts an archive of cache export into the cache. It has programs that run on this machine:"
                    + " import only what you trust.",
            mixinStandardHelpOptions = true)
    int unpack(@Parameters(paramLabel = "FILE", description = "The archive.") Path file) throws Exception {
        int added = CacheArchive.standard().read(file);
        PrintWriter out = spec.commandLine().getOut();
        out.println(added + " entries are new");
        out.flush();
        return Exit.EXPECTED;
    }
}
