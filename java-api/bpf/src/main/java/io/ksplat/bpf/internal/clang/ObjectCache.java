// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.clang;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.internal.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;

/**
 * Objects that were compiled before. A first key, of all that is known before the compiler runs, leads to the files that the compiler
 * said it had read; their contents give the second key, the object's. So a header that only the compiler knows how to find counts.
 */
public final class ObjectCache {
    private static final String KIND = "bpf";
    private static final String OBJECT = "object.bpf.o";
    private static final String DIGEST = "sha256";
    private static final String LIST = "files";

    private final Cache cache;
    private final String first;
    private final Places places;

    /** Looks for the object of a first key. */
    public ObjectCache(Cache cache, String first, Places places) {
        this.cache = cache;
        this.first = first;
        this.places = places;
    }

    /** An object that was compiled now. */
    public static final class Compiled {
        private final byte[] object;
        private final String rule;
        private final Path folder;

        /**
         * Takes what the compiler wrote.
         *
         * @param rule for make, of the files that were read
         * @param folder in which the compiler ran
         */
        public Compiled(byte[] object, String rule, Path folder) {
            this.object = object.clone();
            this.rule = rule;
            this.folder = folder;
        }

        /** Returns the bytes of the object. */
        public byte[] object() {
            return object.clone();
        }
    }

    /** Runs the compiler. */
    @FunctionalInterface
    public interface Compilation {
        Compiled run() throws IOException, InterruptedException;
    }

    /** Returns the object of an earlier compilation that would give the same now, or else compiles. */
    public byte[] object(Compilation compilation) throws IOException, InterruptedException {
        Optional<byte[]> known = known();
        if (known.isPresent()) {
            return known.get();
        }
        return cache.<byte[], IOException>locked(KIND, list(), () -> {
            Optional<byte[]> meanwhile = known();
            return meanwhile.isPresent() ? meanwhile.get() : compiled(compilation);
        });
    }

    private String list() {
        return "read-" + first;
    }

    private Optional<byte[]> known() throws IOException {
        Optional<Path> list = cache.find(KIND, list()).map(folder -> folder.resolve(LIST));
        if (list.isEmpty() || !Files.exists(list.get())) {
            return Optional.empty();
        }
        Optional<String> second = ReadFiles.load(list.get()).digest(first, places);
        Optional<Path> entry = second.isPresent() ? cache.find(KIND, second.get()) : Optional.empty();
        return entry.isPresent() ? whole(entry.get()) : Optional.empty();
    }

    /** Returns the object, if it has the digest that was stored with it: a crash of the host may have cut it. */
    private static Optional<byte[]> whole(Path entry) throws IOException {
        Path digest = entry.resolve(DIGEST);
        if (!Files.exists(digest)) {
            return Optional.empty();
        }
        byte[] object = Files.readAllBytes(entry.resolve(OBJECT));
        return Digests.sha256(object).equals(Files.readString(digest)) ? Optional.of(object) : Optional.empty();
    }

    private byte[] compiled(Compilation compilation) throws IOException, InterruptedException {
        FileTime begin = FileTime.from(Instant.now());
        Compiled compiled = compilation.run();
        Optional<ReadFiles> read = ReadFiles.ofRule(compiled.rule, compiled.folder, places);
        Optional<String> second = read.isPresent() ? read.get().digest(first, places) : Optional.empty();
        if (second.isPresent() && !read.get().anyChangedAfter(begin, places)) {
            // One that is there and was not taken is damaged.
            cache.remove(KIND, second.get());
            cache.<IOException>entry(KIND, second.get(), fresh -> {
                Files.write(fresh.resolve(OBJECT), compiled.object);
                Files.writeString(fresh.resolve(DIGEST), Digests.sha256(compiled.object));
            });
            Path folder =
                    cache.<IOException>entry(KIND, list(), fresh -> read.get().store(fresh.resolve(LIST)));
            Path fresh = Files.createTempFile(folder, ".list-", "");
            read.get().store(fresh);
            Files.move(fresh, folder.resolve(LIST), StandardCopyOption.ATOMIC_MOVE);
        }
        return compiled.object;
    }
}
