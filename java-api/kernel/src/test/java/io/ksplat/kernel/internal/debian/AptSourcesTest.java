// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AptSourcesTest {
    @Test
    void readsStanzas() {
        List<AptSources.Source> sources = AptSources.deb822("""
                Types: deb deb-src
                # a comment between fields
                URIs: http://mirror.example/debian/
                Suites: bookworm bookworm-updates
                Components: main
                Signed-By: /keys/debian.gpg

                Types: deb
                URIs: https://mirror.example/security
                Suites: bookworm-security
                Signed-By:
                 -----BEGIN PGP PUBLIC KEY BLOCK-----
                 .
                 mDMEY
                """.lines().toList());

        assertThat(sources)
                .containsExactly(
                        new AptSources.Source(
                                "http://mirror.example/debian",
                                List.of("bookworm", "bookworm-updates"),
                                Optional.of("/keys/debian.gpg")),
                        new AptSources.Source(
                                "https://mirror.example/security",
                                List.of("bookworm-security"),
                                Optional.of("\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY")));
    }

    @Test
    void readsLines() {
        List<AptSources.Source> sources = AptSources.oneLine(List.of(
                "# deb http://off.example/debian bookworm main",
                "deb-src http://mirror.example/debian bookworm main",
                "deb [ arch=amd64 signed-by=/keys/debian.gpg ] http://mirror.example/debian trixie main contrib # why",
                "deb cdrom:[Debian 12]/ bookworm main"));

        assertThat(sources)
                .containsExactly(new AptSources.Source(
                        "http://mirror.example/debian", List.of("trixie"), Optional.of("/keys/debian.gpg")));
    }

    @Test
    void leavesOutWhatIsSwitchedOffOrNotDebian() {
        assertThat(AptSources.deb822(List.of("Types: deb", "URIs: http://a/x", "Suites: sid", "Enabled: no")))
                .isEmpty();
        assertThat(AptSources.deb822(List.of("Types: deb", "URIs: http://a/x", "Suites: nodistro")))
                .isEmpty();
        assertThat(AptSources.oneLine(List.of("deb https://b/apt cloud-sdk-bookworm main")))
                .isEmpty();
    }

    @Test
    void readsTheFilesThatAptReads(@TempDir Path etc) throws Exception {
        Files.createDirectory(etc.resolve("sources.list.d"));
        Files.writeString(etc.resolve("sources.list"), "deb http://a/debian bookworm main\n");
        Files.writeString(etc.resolve("sources.list.d/b.list"), "deb http://b/debian bookworm main\n");
        Files.writeString(etc.resolve("sources.list.d/c.sources"), "Types: deb\nURIs: http://c/debian\nSuites: sid\n");
        Files.writeString(etc.resolve("sources.list.d/d.sources.disabled"), "deb http://d/debian bookworm main\n");

        assertThat(AptSources.ofMachine(etc))
                .extracting(AptSources.Source::uri)
                .containsExactly("http://a/debian", "http://b/debian", "http://c/debian");
    }

    @Test
    void widensEachArchiveOnceToTheSuitesThatAreThere() {
        List<AptSources.Source> machine = List.of(
                new AptSources.Source("http://a/debian", List.of("bookworm"), Optional.of("/k")),
                new AptSources.Source("http://a/debian", List.of("bookworm-updates"), Optional.of("/k")),
                new AptSources.Source("http://a/security", List.of("bookworm-security"), Optional.of("/k")));

        List<AptSources.Source> wide = AptSources.widened(machine, Set.of("http://a/debian experimental"));

        assertThat(wide).extracting(AptSources.Source::uri).containsExactly("http://a/debian", "http://a/security");
        assertThat(wide.get(0).suites()).contains("bookworm-backports").doesNotContain("experimental");
        assertThat(wide.get(1).suites()).allMatch(s -> s.endsWith("-security"));
        assertThat(wide.get(0).stanza()).contains("Signed-By: /k\n");
    }
}
