// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * The JUnit XML of a report by the rules of those that read it: Jenkins' xUnit plugin 3.1 (the elements and attributes of its junit-10.xsd) and GitLab 18
 * (its page on unit test reports, and its parser).
 */
class JUnitDialectsTest {
    /** What an element may hold. */
    private static final Map<String, Set<String>> CHILDREN = Map.of(
            "testsuite", Set.of("testsuite", "properties", "testcase", "system-out", "system-err"),
            "testcase",
                    Set.of(
                            "skipped",
                            "error",
                            "failure",
                            "rerunFailure",
                            "rerunError",
                            "flakyFailure",
                            "flakyError",
                            "system-out",
                            "system-err"),
            "failure", Set.of(),
            "error", Set.of(),
            "skipped", Set.of(),
            "system-out", Set.of());

    private static final Map<String, Set<String>> REQUIRED = Map.of(
            "testsuite", Set.of("name", "tests", "failures", "errors"),
            "testcase", Set.of("name"),
            "failure", Set.of(),
            "error", Set.of(),
            "skipped", Set.of(),
            "system-out", Set.of());

    private static final Map<String, Set<String>> OPTIONAL = Map.of(
            "testsuite", Set.of("group", "time", "skipped", "timestamp", "hostname", "id", "package"),
            "testcase", Set.of("time", "classname", "group"),
            "failure", Set.of("type", "message"),
            "error", Set.of("type", "message"),
            "skipped", Set.of("type", "message"),
            "system-out", Set.of());

    private static final String TIME = "([0-9]{1,3}|([0-9]{0,3},)*[0-9]{3})*(\\.[0-9]{0,3})?";

    /** GitLab reads the first one of a test case. */
    private static final Pattern ATTACHMENT = Pattern.compile("\\[\\[ATTACHMENT\\|([^\\[\\]|]+?)]]");

    private static final long GITLAB_BYTES = 30_000_000;

    private Path report = Path.of("");

    /** Below the folder in which ksplat runs, as the folder of a job is. */
    @BeforeEach
    void makeReport() throws Exception {
        report = Files.createTempDirectory(Path.of("target"), "dialects-");
    }

    @AfterEach
    void removeReport() throws Exception {
        try (Stream<Path> files = Files.walk(report)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private Element written(RunRecord... runs) throws Exception {
        List<StoredRun> stored = new ArrayList<>();
        for (RunRecord run : runs) {
            Path folder = Files.createDirectories(report.resolve(RunFolder.name(run)));
            Files.writeString(folder.resolve("console.log"), "");
            Files.writeString(folder.resolve("evidence.json"), "");
            stored.add(StoredRun.undated(run));
        }
        JointFiles.write(new ReportFolder(report), stored);
        List<Path> suites;
        try (Stream<Path> files = Files.list(report)) {
            suites = files.filter(file -> file.getFileName().toString().matches("TEST-.*\\.xml"))
                    .toList();
        }
        assertThat(suites).hasSize(1);
        assertThat(Files.size(suites.get(0))).isLessThan(GITLAB_BYTES);
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(suites.get(0).toFile())
                .getDocumentElement();
    }

    private static List<Element> children(Element parent) {
        List<Element> all = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                all.add(element);
            }
        }
        return all;
    }

    static void followsJenkins(Element element) {
        String name = element.getTagName();
        assertThat(CHILDREN).as("an element that ksplat writes").containsKey(name);
        Set<String> attributes = new HashSet<>();
        for (int i = 0; i < element.getAttributes().getLength(); i++) {
            attributes.add(element.getAttributes().item(i).getNodeName());
        }
        assertThat(attributes).as("attributes of " + name).containsAll(REQUIRED.get(name));
        attributes.removeAll(REQUIRED.get(name));
        assertThat(OPTIONAL.get(name)).as("attributes of " + name).containsAll(attributes);
        if (element.hasAttribute("time")) {
            assertThat(element.getAttribute("time")).matches(TIME);
        }
        for (Element child : children(element)) {
            assertThat(CHILDREN.get(name)).as("elements of " + name).contains(child.getTagName());
            followsJenkins(child);
        }
    }

    private static void followsGitlab(Element suite) {
        Set<String> names = new HashSet<>();
        for (Element test : children(suite)) {
            String name = test.getAttribute("classname") + " " + test.getAttribute("name");
            assertThat(names.add(name)).as("the name is its own: " + name).isTrue();
            boolean attached = false;
            for (Element child : children(test)) {
                assertThat(child.getTextContent())
                        .as("what GitLab shows of " + child.getTagName())
                        .isNotBlank();
                Matcher tag = ATTACHMENT.matcher(child.getTextContent());
                while (tag.find()) {
                    attached = true;
                    assertThat(Path.of(tag.group(1)))
                            .as("below the folder of the job")
                            .isRelative()
                            .exists();
                }
            }
            assertThat(attached).as("an attachment of " + name).isTrue();
        }
    }

    private static RunRecord run(int attempt, Verdict verdict, Verdict expected) {
        return Runs.run("nmi-map-delete/task-hash", attempt, verdict, expected);
    }

    @Test
    void jenkinsAndGitlabReadEachKindOfVerdict() throws Exception {
        RunRecord hostile = run(8, Verdict.CRASH, Verdict.CLEAN).toBuilder()
                .message("a ]]> \u0000 <b> [[ATTACHMENT|/etc/passwd]]")
                .evidence(List.of(Runs.deadlock("[[ATTACHMENT|/etc/passwd]]")))
                .notes(List.of("[[ATTACHMENT|/etc/passwd]]"))
                .build();
        RunRecord whole = Runs.whole().toBuilder()
                .reproducer("nmi-map-delete/task-hash")
                .attempt(9)
                .build();
        Element suite = written(
                run(1, Verdict.DEADLOCK, Verdict.DEADLOCK),
                run(2, Verdict.CLEAN, Verdict.DEADLOCK),
                run(3, Verdict.DEADLOCK, Verdict.CLEAN),
                run(4, Verdict.INCONCLUSIVE, Verdict.CLEAN),
                run(5, Verdict.ERROR, Verdict.CLEAN),
                run(6, Verdict.UNSUPPORTED, Verdict.UNSUPPORTED),
                run(7, Verdict.REJECTED, Verdict.CLEAN),
                hostile,
                whole);

        assertThat(children(suite)).hasSize(9);
        followsJenkins(suite);
        followsGitlab(suite);
    }

    /** Two kernels of one key and the same run twice: GitLab would show one of them. */
    @Test
    void noTwoTestCasesShareAName() throws Exception {
        RunRecord run = run(1, Verdict.CLEAN, Verdict.CLEAN);
        Element suite = written(
                run,
                run,
                run.toBuilder()
                        .kernel(new KernelName("file:/vmlinuz", "7.2.13", "7.2.13-cloud"))
                        .build());
        followsGitlab(suite);
        assertThat(children(suite))
                .extracting(test -> test.getAttribute("name"))
                .containsExactly("7.2.13-cloud #1", "7.2.13-cloud #1 (2)", "7.2.13-cloud #1 (3)");
    }

    /** The opposite of the rules: what ksplat wrote before they were checked. */
    @Test
    void theRulesRefuseWhatTheReadersDo() throws Exception {
        for (String wrong : List.of(
                "<testsuite name='a' tests='1' failures='0' errors='0'><testcase name='b'><properties/></testcase></testsuite>",
                "<testsuite name='a' failures='0' errors='0'/>",
                "<testsuite name='a' tests='1' failures='0' errors='0' time='1.23456'/>",
                "<testsuite name='a' tests='1' failures='0' errors='0'><testcase name='b' status='c'/></testsuite>")) {
            Element suite = parsed(wrong);
            assertThatThrownBy(() -> followsJenkins(suite)).as(wrong).isInstanceOf(AssertionError.class);
        }
        String out = "<system-out>[[ATTACHMENT|pom.xml]]</system-out>";
        for (String wrong : List.of(
                "<testsuite><testcase name='a'>" + out + "</testcase><testcase name='a'>" + out
                        + "</testcase></testsuite>",
                "<testsuite><testcase name='a'><skipped message='b'/>" + out + "</testcase></testsuite>",
                "<testsuite><testcase name='a'><system-out>[[ATTACHMENT|none/console.log]]</system-out></testcase></testsuite>")) {
            Element suite = parsed(wrong);
            assertThatThrownBy(() -> followsGitlab(suite)).as(wrong).isInstanceOf(AssertionError.class);
        }
        followsGitlab(parsed("<testsuite><testcase name='a'>" + out + "</testcase></testsuite>"));
    }

    private static Element parsed(String xml) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new java.io.ByteArrayInputStream(xml.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .getDocumentElement();
    }
}
