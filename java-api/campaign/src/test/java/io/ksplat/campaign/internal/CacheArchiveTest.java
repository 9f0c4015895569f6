// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheArchiveTest {
    @TempDir
    Path folder;

    private void entry(String cache, String name, String text) throws IOException {
        Path made = Files.createDirectories(folder.resolve(cache).resolve(name));
        Files.writeString(made.resolve("file"), text);
    }

    private CacheArchive archive(String cache) {
        return new CacheArchive(new Cache(folder.resolve(cache)));
    }

    private String text(String cache, String name) throws IOException {
        return Files.readString(folder.resolve(cache).resolve(name).resolve("file"));
    }

    @Test
    void takesToAnotherMachineWhatItCanUse() throws Exception {
        entry("here", "debian/7.2", "a kernel");
        entry("here", "debian/6.12", "another");
        entry("here", "facts/7.2-1", "of it");
        entry("here", "facts/6.12-1", "of the other");
        entry("here", "bpf/abc", "an object");
        entry("here", "template/7.2", "this CPU's");
        entry("here", "anchor/swept", "of a version of QEMU");
        entry("here", "debian/.new-7.3", "half");
        entry("there", "debian/7.2", "there already");
        Path file = folder.resolve("cache.tar.gz");
        assertThat(archive("here").write(file, Optional.of(Set.of("7.2")), Set.of()))
                .isEqualTo(3);
        assertThat(archive("there").read(file)).isEqualTo(2);
        assertThat(text("there", "debian/7.2")).isEqualTo("there already");
        assertThat(text("there", "facts/7.2-1")).isEqualTo("of it");
        assertThat(text("there", "bpf/abc")).isEqualTo("an object");
        assertThat(folder.resolve("there/template")).doesNotExist();
        assertThat(folder.resolve("there/facts/6.12-1")).doesNotExist();
        assertThat(archive("here").write(file, Optional.empty(), Set.of())).isEqualTo(5);
        assertThat(archive("there").read(file)).isEqualTo(2);
        assertThat(archive("there").read(file)).as("twice").isZero();
        assertThat(folder.resolve("there/anchor")).doesNotExist();
        archive("here").write(file, Optional.of(Set.of("7.2")), Set.of("swept"));
        assertThat(archive("there").read(file)).isEqualTo(1);
        assertThat(text("there", "anchor/swept")).isEqualTo("of a version of QEMU");
        try (var left = Files.list(folder.resolve("there"))) {
            assertThat(left.map(path -> path.getFileName().toString())).noneMatch(name -> name.startsWith("."));
        }
    }

    /** Nothing of it is put into the cache. */
    @Test
    void refusesWhatIsNoArchiveOfACache() throws Exception {
        entry("odd", "debian/7.2", "a kernel");
        entry("odd", "bin/sh", "something else");
        Path file = folder.resolve("odd.tar");
        assertThat(new ProcessBuilder(
                                "tar",
                                "-cf",
                                file.toString(),
                                "-C",
                                folder.resolve("odd").toString(),
                                ".")
                        .start()
                        .waitFor())
                .isZero();
        assertThatThrownBy(() -> archive("there").read(file)).hasMessageContaining("it has bin");
        assertThat(folder.resolve("there/debian")).doesNotExist();
        Path text = Files.writeString(folder.resolve("text.tar"), "no archive");
        assertThatThrownBy(() -> archive("there").read(text)).hasMessageContaining("tar failed");
        assertThatThrownBy(() -> archive("there").read(folder.resolve("none"))).hasMessageContaining("no archive");
        assertThatThrownBy(() -> archive("empty").write(file, Optional.empty(), Set.of()))
                .hasMessageContaining("nothing");
    }
}
