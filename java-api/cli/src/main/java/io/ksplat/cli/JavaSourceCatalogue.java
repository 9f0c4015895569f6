// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.Catalogue;
import io.ksplat.junit.internal.ReproducerCatalogue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Reproducers in a Java file of their own, compiled in memory. Their resources, the BPF C, are the files beside it. Other classes
 * that they use are looked for there too, if the file is in no package.
 */
public final class JavaSourceCatalogue {
    private final List<Catalogue.Entry> entries;

    private JavaSourceCatalogue(List<Catalogue.Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Compiles a file against the class path of this program.
     *
     * @throws IllegalArgumentException in a few lines, if there is no such file, it does not compile, or nothing in it can be run
     */
    public static JavaSourceCatalogue compile(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException("there is no file " + file + "; to begin one: ksplat new "
                    + String.valueOf(file.getFileName()).replace(".java", "").toLowerCase(Locale.ROOT));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new IOException("this Java has no compiler: run ksplat with a JDK (package openjdk-17-jdk-headless)");
        }
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file lies in a folder");
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        Map<String, Compiled> classes = new HashMap<>();
        try (StandardJavaFileManager files =
                compiler.getStandardFileManager(found, Locale.ROOT, StandardCharsets.UTF_8)) {
            List<String> options = List.of(
                    "-proc:none",
                    "-parameters",
                    "-g",
                    "-classpath",
                    System.getProperty("java.class.path"),
                    "-sourcepath",
                    folder.toString());
            boolean compiled = compiler.getTask(
                            null, new ToMemory(files, classes), found, options, null, files.getJavaFileObjects(file))
                    .call();
            if (!compiled) {
                throw new IllegalArgumentException(errors(file, found));
            }
        }
        return new JavaSourceCatalogue(entries(file, new Loader(folder, classes), classes));
    }

    /** What can be run. */
    public List<Catalogue.Entry> entries() {
        return entries;
    }

    private static String errors(Path file, DiagnosticCollector<JavaFileObject> found) throws IOException {
        Optional<String> renamed = RenamedApi.hint(Files.readString(file));
        if (renamed.isPresent()) {
            return file + " does not compile: " + renamed.get();
        }
        List<String> lines = new ArrayList<>(List.of(file + " does not compile:"));
        for (Diagnostic<? extends JavaFileObject> diagnostic : found.getDiagnostics()) {
            if (diagnostic.getKind() == Diagnostic.Kind.ERROR) {
                lines.add("  line " + diagnostic.getLineNumber() + ": "
                        + diagnostic.getMessage(Locale.ROOT).replaceAll("\\s*\n\\s*", "; "));
            }
        }
        return String.join("\n", lines);
    }

    private static List<Catalogue.Entry> entries(Path file, Loader loader, Map<String, Compiled> classes) {
        List<Catalogue.Entry> entries = new ArrayList<>();
        for (String name : classes.keySet().stream().sorted().toList()) {
            Class<?> type = loader.load(name);
            ReproducerCatalogue.entry(type).ifPresent(entries::add);
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(file + " has no class with @Reproducer or @KernelTest");
        }
        return entries;
    }

    /** A class, as the compiler wrote it. */
    private static final class Compiled extends SimpleJavaFileObject {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Compiled(String name) {
            super(URI.create("mem:///" + name.replace('.', '/') + ".class"), JavaFileObject.Kind.CLASS);
        }

        @Override
        public OutputStream openOutputStream() {
            return bytes;
        }
    }

    private static final class ToMemory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, Compiled> classes;

        ToMemory(JavaFileManager files, Map<String, Compiled> classes) {
            super(files);
            this.classes = classes;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, @Nullable FileObject sibling) {
            Compiled compiled = new Compiled(name);
            classes.put(name, compiled);
            return compiled;
        }
    }

    /**
     * Knows the compiled classes, and takes a resource of theirs from the folder of the source. Both count before what the class path has
     * under the same name: a changed copy of the catalogue's runs as it was changed.
     */
    private static final class Loader extends ClassLoader {
        private final Path folder;
        private final Map<String, Compiled> classes;
        private final Set<String> packages;

        Loader(Path folder, Map<String, Compiled> classes) {
            super(JavaSourceCatalogue.class.getClassLoader());
            this.folder = folder;
            this.classes = classes;
            this.packages = classes.keySet().stream().map(Loader::packageOf).collect(Collectors.toUnmodifiableSet());
        }

        private static String packageOf(String name) {
            return name.substring(0, Math.max(0, name.lastIndexOf('.')));
        }

        Class<?> load(String name) {
            try {
                return loadClass(name);
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException("a class that was just compiled cannot be loaded", e);
            }
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!packages.contains(packageOf(name))) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? findClass(name) : loaded;
            }
        }

        /** A package of two loaders is two packages: what its classes share with their package has to be of this one, too. */
        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            byte[] bytes;
            Compiled compiled = classes.get(name);
            if (compiled == null) {
                try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                    if (in == null) {
                        throw new ClassNotFoundException(name);
                    }
                    bytes = in.readAllBytes();
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            } else {
                bytes = compiled.bytes.toByteArray();
            }
            return defineClass(name, bytes, 0, bytes.length);
        }

        @Override
        public @Nullable URL getResource(String name) {
            URL own = findResource(name);
            return own == null ? super.getResource(name) : own;
        }

        @Override
        protected @Nullable URL findResource(String name) {
            int slash = name.lastIndexOf('/');
            String itsPackage = name.substring(0, Math.max(0, slash)).replace('/', '.');
            Path file = folder.resolve(name.substring(slash + 1));
            try {
                return packages.contains(itsPackage) && !name.endsWith(".class") && Files.isRegularFile(file)
                        ? file.toUri().toURL()
                        : null;
            } catch (MalformedURLException e) {
                throw new IllegalStateException("a file has a URL", e);
            }
        }
    }
}
