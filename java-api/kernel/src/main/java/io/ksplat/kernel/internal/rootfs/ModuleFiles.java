// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.BoundedCopy;
import io.ksplat.kernel.internal.Command;
import io.ksplat.kernel.internal.Decompressor;
import io.ksplat.kernel.internal.EditDistance;
import io.ksplat.kernel.internal.WholeFolder;
import io.ksplat.kernel.internal.packages.PackageFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The modules of a kernel's packages: each as a file, compressed as it was, and all of them in an image with what modprobe(8) reads. The
 * packages have no modules.dep; depmod(8) makes it.
 */
public final class ModuleFiles {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Pattern FILE = Pattern.compile("(?:usr/)?lib/modules/[^/]+/(?<path>"
            + "(?:kernel|updates|extra)/(?:.*/)?(?<module>[^/]+)\\.ko(?:\\.(?:xz|zst|gz))?"
            + "|modules\\.(?:order|builtin|builtin\\.modinfo))");
    private static final String FILES = "ko";
    private static final String DEPENDENCIES = "modules.dep";
    private static final String BUILT_IN = "modules.builtin";
    private static final String SUFFIX = ".ko";

    private static final long MOST_BYTES = 64 << 20;
    private static final int MOST_NEEDED = 200;

    private final Path folder;
    private final Map<String, List<String>> needed;
    private final Set<String> builtIn;

    /** One to load; the file may be compressed. */
    public record Module(String name, Path file) {
        /** Returns what the kernel loads. */
        public byte[] content() throws IOException {
            try (InputStream in = Decompressor.of(Files.newInputStream(file), true)) {
                return in.readNBytes((int) MOST_BYTES);
            }
        }
    }

    /** A kernel has no module of a name. */
    public static final class UnknownModuleException extends KernelException {
        private static final long serialVersionUID = 1;

        private final String lacks;

        UnknownModuleException(String lacks) {
            super("this kernel has no " + lacks);
            this.lacks = lacks;
        }

        /** Returns what is missing, with the names that are near. */
        public String lacks() {
            return lacks;
        }
    }

    private ModuleFiles(Path folder) throws IOException {
        this.folder = folder;
        this.needed = new HashMap<>();
        for (String line : Files.readAllLines(folder.resolve(DEPENDENCIES))) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                List<String> names = new ArrayList<>();
                for (String file : line.substring(colon + 1).strip().split("\\s+", -1)) {
                    if (!file.isEmpty()) {
                        // modprobe(8) loads the last of a line first.
                        names.add(0, name(file));
                    }
                }
                needed.put(name(line.substring(0, colon)), names);
            }
        }
        this.builtIn = new TreeSet<>();
        if (Files.exists(folder.resolve(BUILT_IN))) {
            Files.readAllLines(folder.resolve(BUILT_IN)).forEach(line -> builtIn.add(name(line)));
        }
    }

    /** Reads those that {@link #take} took. */
    static ModuleFiles in(Path folder) throws IOException {
        return new ModuleFiles(folder);
    }

    /** Takes the modules out of a kernel's packages into the folder of a cache's entry. */
    static void take(Collection<Path> packages, String release, Path entry)
            throws IOException, InterruptedException, KernelException {
        Path root = Files.createDirectories(entry.resolve("root"));
        Path tree = Files.createDirectories(root.resolve("lib/modules").resolve(release));
        Path files = Files.createDirectories(entry.resolve(FILES));
        for (Path file : packages) {
            PackageFile.read(file, (path, content) -> take(file + ": " + path + " has", path, content, tree, files));
        }
        Command.Outcome outcome = new Command(LIMIT, List.of(depmod(), "-b", root.toString(), release)).run(entry);
        if (!outcome.ok() || !Files.exists(tree.resolve(DEPENDENCIES))) {
            throw new KernelException("depmod failed: " + String.join("; ", outcome.lines()));
        }
        Files.copy(tree.resolve(DEPENDENCIES), entry.resolve(DEPENDENCIES));
        if (Files.exists(tree.resolve(BUILT_IN))) {
            Files.copy(tree.resolve(BUILT_IN), entry.resolve(BUILT_IN));
        }
        DiskImage.ofFolder(tree, entry);
        WholeFolder.remove(root);
    }

    /** On Debian the path of whoever is not root does not have its folder. */
    private static String depmod() {
        return Files.isExecutable(Path.of("/sbin/depmod")) ? "/sbin/depmod" : "depmod";
    }

    private static void take(String what, String path, InputStream content, Path tree, Path files)
            throws IOException, KernelException {
        Matcher file = FILE.matcher(path);
        if (!file.matches()) {
            return;
        }
        String module = file.group("module");
        if (module == null) {
            BoundedCopy.copy(content, tree.resolve(file.group("path")), MOST_BYTES, what);
            return;
        }
        Path packed = files.resolve(name(module) + SUFFIX);
        BoundedCopy.copy(content, packed, MOST_BYTES, what);
        // Without its compression any modprobe reads it, and the image is compressed itself.
        Path target = tree.resolve(file.group("path").replaceFirst("\\.ko\\..*$", SUFFIX));
        Files.createDirectories(target.resolveSibling(""));
        try (InputStream in = Decompressor.of(Files.newInputStream(packed), true)) {
            BoundedCopy.copy(in, target, MOST_BYTES, what);
        }
    }

    /** Returns the name that the kernel gives a file: a dash in it is an underscore. */
    private static String name(String file) {
        return file.strip()
                .substring(file.strip().lastIndexOf('/') + 1)
                .replaceFirst("\\.ko.*$", "")
                .replace('-', '_');
    }

    /** Returns all of them, for modprobe(8). */
    public DiskImage image() throws IOException {
        return DiskImage.in(folder);
    }

    /** Writes all of them, as they lie in the kernel's folder of /lib/modules, to a tar archive; by way of a new folder, which goes again. */
    void archive(Path to, Path by) throws IOException, InterruptedException, KernelException {
        Path tree = by.resolve("tree");
        run(
                by,
                "unsquashfs",
                "-no-progress",
                "-quiet",
                "-d",
                tree.toString(),
                image().file().toString());
        run(by, "tar", "--owner=0", "--group=0", "-C", tree.toString(), "-I", "gzip -1", "-cf", to.toString(), ".");
        WholeFolder.remove(tree);
    }

    private static void run(Path folder, String... words) throws IOException, InterruptedException, KernelException {
        Command.Outcome outcome = new Command(LIMIT, List.of(words)).run(folder);
        if (!outcome.ok()) {
            throw new KernelException(words[0] + " failed: " + String.join("; ", outcome.lines()));
        }
    }

    /**
     * Returns modules by their names, and those that they need, in the order in which they can be loaded. What is built in is left out.
     *
     * @throws UnknownModuleException if there is none of a name
     */
    public List<Module> inOrder(Collection<String> names) throws KernelException {
        Map<String, Module> all = new LinkedHashMap<>();
        for (String asked : names) {
            String name = name(asked);
            if (builtIn.contains(name)) {
                continue;
            }
            List<String> before = needed.get(name);
            if (before == null) {
                throw new UnknownModuleException("module " + asked + near(name));
            }
            if (before.size() > MOST_NEEDED) {
                throw new KernelException(asked + " needs more than " + MOST_NEEDED + " other modules");
            }
            Stream.concat(before.stream(), Stream.of(name))
                    .forEach(one -> all.putIfAbsent(
                            one, new Module(one, folder.resolve(FILES).resolve(one + SUFFIX))));
        }
        return List.copyOf(all.values());
    }

    private String near(String name) {
        return " (near: " + EditDistance.nearest(name, needed.keySet().stream().sorted()) + ")";
    }
}
