// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What a command line says of programs; a comment line in the file says it in the same words. */
final class ProgramMixin {
    private static final String END_OF_OPTIONS = "--";

    @Option(
            names = "--lasts",
            paramLabel = "TIME",
            description =
                    "Of a program: it is to run that long, 30s say. Without, it is to end within 10s of the guest's"
                            + " time; a test of LTP, within its own longest time more.")
    private List<String> lasts = List.of();

    @Option(
            names = "--reaches",
            paramLabel = "FUNCTION[:N]",
            description = "Of a program: a kernel function that is to be called, N times; may be given several times.")
    private List<String> reaches = List.of();

    @Option(
            names = "--root",
            paramLabel = "ROOT",
            description = "Of a program: the root file system that it runs in: debian[:SUITE][+PACKAGE...], a folder,"
                    + " a tar archive, or an image of squashfs, erofs or ext4.")
    private List<String> root = List.of();

    @Option(names = "--modules", paramLabel = "NAMES", description = "Of a program: kernel modules, joined by commas.")
    private List<String> modules = List.of();

    @Option(names = "--cpus", paramLabel = "N", description = "Of a program: the machine's CPUs, default 2.")
    private List<String> cpus = List.of();

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "Of a program: the machine's memory, 512M or 1G, default 256M.")
    private List<String> memory = List.of();

    @Option(names = "--nodes", paramLabel = "N", description = "Of a program: the machine's NUMA nodes, default 1.")
    private List<String> nodes = List.of();

    @Option(
            names = "--disk",
            paramLabel = "SIZE",
            description = "Of a program: an empty disk of that size, 64M or 1G; may be given several times.")
    private List<String> disk = List.of();

    @Option(names = "--user", paramLabel = "USER", description = "Of a program: who runs it, default root.")
    private List<String> user = List.of();

    @Option(names = "--cflags", paramLabel = "FLAGS", description = "Of a C program: what gcc is told.")
    private List<String> cflags = List.of();

    @Option(
            names = "--bug",
            paramLabel = "TITLE",
            description = "Of a program: the title of the report that it reproduces, as syzbot writes it, or any.")
    private List<String> bug = List.of();

    /**
     * What is said of programs.
     *
     * @param options by their names, without dashes; only those that were given
     * @param arguments the program's own, from behind {@code --}
     */
    record Words(Map<String, List<String>> options, List<String> arguments) {
        static final Words NONE = new Words(Map.of(), List.of());

        Words {
            options = Map.copyOf(options);
            arguments = List.copyOf(arguments);
        }

        /** Returns in words what was given; empty if nothing was. */
        String given() {
            List<String> all = new java.util.ArrayList<>(
                    options.keySet().stream().sorted().map(name -> "--" + name).toList());
            if (!arguments.isEmpty()) {
                all.add("what stands behind --");
            }
            return String.join(", ", all);
        }
    }

    /** Returns what was said. */
    Words words(CommandSpec spec) {
        Map<String, List<String>> given = new LinkedHashMap<>();
        given.put("lasts", lasts);
        given.put("reaches", reaches);
        given.put("root", root);
        given.put("modules", modules);
        given.put("cpus", cpus);
        given.put("memory", memory);
        given.put("nodes", nodes);
        given.put("disk", disk);
        given.put("user", user);
        given.put("cflags", cflags);
        given.put("bug", bug);
        given.values().removeIf(List::isEmpty);
        return new Words(given, behind(spec));
    }

    private static List<String> behind(CommandSpec spec) {
        List<String> all = Main.arguments(spec);
        int end = all.indexOf(END_OF_OPTIONS);
        return end < 0 ? List.of() : all.subList(end + 1, all.size());
    }

    /** Returns a command's arguments without those of a program. */
    static List<String> own(CommandSpec spec, List<String> arguments) {
        return arguments.subList(0, Math.max(0, arguments.size() - behind(spec).size()));
    }
}
