// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** The poms have what Maven Central asks for; see docs/releasing.md. */
class PublishingTest {
    private static final Path ROOT = Path.of("../..");
    private static final Path LAUNCHER = ROOT.resolve("ksplat");

    /** For scripts that hang: they take less than a second. */
    private static final long LIMIT_MINUTES = 10;

    @TempDir
    Path folder;

    /** A pom, and the one that it inherits from. */
    private record Pom(Path file, Element project, Optional<Pom> parent) {
        static Pom read(Path file) throws Exception {
            Element project = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(file.toFile())
                    .getDocumentElement();
            boolean inherits = child(project, "parent").isPresent();
            Path parent = ROOT.resolve("pom.xml");
            return new Pom(file, project, inherits ? Optional.of(read(parent)) : Optional.empty());
        }

        static Optional<Element> child(Element of, String name) {
            for (Node node = of.getFirstChild(); node != null; node = node.getNextSibling()) {
                if (node instanceof Element element && element.getTagName().equals(name)) {
                    return Optional.of(element);
                }
            }
            return Optional.empty();
        }

        /** Its own text, of an element by the names on the way. */
        Optional<String> own(String... way) {
            Optional<Element> at = Optional.of(project);
            for (String name : way) {
                at = at.flatMap(element -> child(element, name));
            }
            return at.map(Element::getTextContent).map(String::strip).filter(text -> !text.isEmpty());
        }

        /** The same, inherited if it has none. */
        Optional<String> effective(String... way) {
            return own(way).or(() -> parent.flatMap(pom -> pom.effective(way)));
        }

        String artifact() {
            return own("artifactId").orElseThrow();
        }

        boolean isPublished() {
            return !own("properties", "maven.deploy.skip").equals(Optional.of("true"));
        }
    }

    /** The parent and all modules. */
    private static List<Pom> poms(Path root) throws Exception {
        Pom parent = Pom.read(root.resolve("pom.xml"));
        List<Pom> poms = new ArrayList<>(List.of(parent));
        Element modules = Pom.child(parent.project(), "modules").orElseThrow();
        for (Node node = modules.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element module) {
                poms.add(Pom.read(root.resolve(module.getTextContent()).resolve("pom.xml")));
            }
        }
        assertThat(poms).hasSizeGreaterThan(10);
        return poms;
    }

    @Test
    void eachPomHasWhatMavenCentralAsksFor() throws Exception {
        for (Pom pom : poms(ROOT)) {
            for (String name : List.of("modelVersion", "artifactId", "name", "description")) {
                assertThat(pom.own(name)).as("%s: %s", pom.file(), name).isPresent();
            }
            for (String[] way : new String[][] {
                {"url"},
                {"licenses", "license", "name"},
                {"licenses", "license", "url"},
                {"developers", "developer", "name"},
                {"scm", "connection"},
                {"scm", "developerConnection"},
                {"scm", "url"},
            }) {
                assertThat(pom.effective(way))
                        .as("%s: %s", pom.file(), String.join("/", way))
                        .isPresent();
            }
        }
    }

    /** What lies in the repository has no address of its own; what others download must. */
    @Test
    void aReleaseNamesItsRepository() throws Exception {
        for (Pom pom : poms(ROOT)) {
            if (!version(pom).endsWith("-SNAPSHOT")) {
                assertThat(pom.effective("url").orElseThrow())
                        .as("%s", pom.file())
                        .startsWith("https://");
                assertThat(pom.effective("scm", "url").orElseThrow())
                        .as("%s", pom.file())
                        .startsWith("https://");
            }
        }
    }

    @Test
    void allHaveOneVersion() throws Exception {
        List<Pom> poms = poms(ROOT);
        assertThat(poms).extracting(PublishingTest::version).containsOnly(version(poms.get(0)));
    }

    private static String version(Pom pom) {
        return pom.own("parent", "version").or(() -> pom.own("version")).orElseThrow();
    }

    @Test
    void theBomHasEachModuleThatIsPublished() throws Exception {
        List<String> published = new ArrayList<>();
        List<Pom> poms = poms(ROOT);
        for (Pom pom : poms) {
            if (pom.isPublished() && pom.own("packaging").isEmpty()) {
                published.add(pom.artifact());
            }
        }
        Pom bom = poms.stream()
                .filter(pom -> pom.artifact().equals("ksplat-bom"))
                .findFirst()
                .orElseThrow();
        Element managed = Pom.child(bom.project(), "dependencyManagement")
                .flatMap(element -> Pom.child(element, "dependencies"))
                .orElseThrow();
        TreeMap<String, String> versions = new TreeMap<>();
        for (Node node = managed.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element dependency) {
                versions.put(
                        Pom.child(dependency, "artifactId").orElseThrow().getTextContent(),
                        Pom.child(dependency, "version").orElseThrow().getTextContent());
            }
        }
        assertThat(versions.keySet()).containsExactlyInAnyOrderElementsOf(published);
        assertThat(versions.values()).containsOnly("${project.version}");
    }

    /** A time in the poms is the first thing that a reproducible build needs. */
    @Test
    void theTimeInTheJarsIsFixed() throws Exception {
        assertThat(Pom.read(ROOT.resolve("pom.xml")).own("properties", "project.build.outputTimestamp"))
                .hasValueSatisfying(time -> assertThat(time).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"));
    }

    @Test
    void aVersionIsSetInAllPlaces() throws Exception {
        String old = version(Pom.read(ROOT.resolve("pom.xml")));
        Path copy = folder.resolve("copy");
        run(ROOT.resolve("scripts/checkout-copy"), copy.toString());
        // Longer than any version that is there by chance, and the address of nobody.
        run(copy.resolve("scripts/set-version"), "77.88.99", "https://repository.example/ksplat");

        List<Pom> poms = poms(copy);
        assertThat(poms).extracting(PublishingTest::version).containsOnly("77.88.99");
        for (Pom pom : poms) {
            if (pom.own("scm").isPresent()) {
                assertThat(pom.own("url")).contains("https://repository.example/ksplat");
                assertThat(pom.own("scm", "url")).contains("https://repository.example/ksplat");
                assertThat(pom.own("scm", "connection")).contains("scm:git:https://repository.example/ksplat");
            }
        }
        assertThat(poms.get(0).own("properties", "project.build.outputTimestamp"))
                .isNotEqualTo(Pom.read(ROOT.resolve("pom.xml")).own("properties", "project.build.outputTimestamp"));
        try (Stream<Path> files = Files.walk(copy)) {
            assertThat(files.filter(Files::isRegularFile)
                            .filter(file -> file.toString().matches(".*(pom\\.xml|/ksplat|\\.java|/scripts/[^/]*)"))
                            .filter(file -> contains(file, old)))
                    .isEmpty();
        }
        assertThat(Files.readString(copy.resolve("java-api/cli/src/main/java/io/ksplat/cli/Main.java")))
                .contains("\"ksplat 77.88.99\"");
    }

    private static boolean contains(Path file, String text) {
        try {
            return Files.readString(file).contains(text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void run(Path script, String... arguments) throws Exception {
        List<String> words = new ArrayList<>(List.of(script.toAbsolutePath().toString()));
        words.addAll(List.of(arguments));
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES))
                .as("%s ended", script)
                .isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    }

    /** The launcher finds the jar by its version. */
    @Test
    void theLauncherIsOfThisVersion() throws Exception {
        String version = version(Pom.read(ROOT.resolve("pom.xml")));
        List<String> named = Files.readString(LAUNCHER)
                .lines()
                .filter(line -> line.matches(".*ksplat-cli-\\d.*"))
                .toList();
        assertThat(named).allSatisfy(line -> assertThat(line).contains("ksplat-cli-" + version + ".jar"));
    }
}
