// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.codehaus.groovy.ast.CodeVisitorSupport;
import org.codehaus.groovy.ast.expr.ArgumentListExpression;
import org.codehaus.groovy.ast.expr.Expression;
import org.codehaus.groovy.ast.expr.MapExpression;
import org.codehaus.groovy.ast.expr.MethodCallExpression;
import org.codehaus.groovy.ast.expr.TupleExpression;
import org.codehaus.groovy.control.CompilationFailedException;
import org.codehaus.groovy.control.CompilationUnit;
import org.codehaus.groovy.control.Phases;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * packaging/ci/Jenkinsfile by Groovy's parser and the rules of Jenkins' page on the syntax of pipelines. Jenkins' own linter needs a server, and neither
 * that nor its plugins are in Maven Central.
 */
class JenkinsfileTest {
    private static final Path FILE = Path.of("../../packaging/ci/Jenkinsfile");
    private static final String STEP = "ksplat/packaging/ci/step";

    private static final Set<String> CONDITIONS = Set.of(
            "always",
            "changed",
            "fixed",
            "regression",
            "aborted",
            "failure",
            "success",
            "unstable",
            "unsuccessful",
            "cleanup");

    /** What may stand in a section of a declarative pipeline, but for steps. */
    private static final Map<String, Set<String>> SECTIONS = Map.of(
            "pipeline",
            Set.of("agent", "environment", "libraries", "options", "parameters", "post", "stages", "tools", "triggers"),
            "stages",
            Set.of("stage"),
            "stage",
            Set.of(
                    "agent",
                    "environment",
                    "input",
                    "matrix",
                    "options",
                    "parallel",
                    "post",
                    "stages",
                    "steps",
                    "tools",
                    "when"),
            "post",
            CONDITIONS);

    /** The steps that are used, and their named arguments. */
    private static final Map<String, Set<String>> STEPS = Map.of(
            "sh", Set.of(),
            "checkout", Set.of(),
            "script", Set.of(),
            "node", Set.of(),
            "withEnv", Set.of(),
            "unstash", Set.of(),
            "stash", Set.of("name", "includes", "excludes", "useDefaultExcludes", "allowEmpty"),
            "catchError", Set.of("buildResult", "stageResult", "message", "catchInterruptions"),
            "archiveArtifacts", Set.of("artifacts", "allowEmptyArchive", "excludes", "fingerprint", "onlyIfSuccessful"),
            "junit", Set.of("testResults", "allowEmptyResults", "keepLongStdio", "skipPublishingChecks"));

    /** Groovy's own, which Jenkins takes in a script step only. */
    private static final Set<String> SCRIPT = Set.of("each", "collectEntries", "parallel");

    @TempDir
    Path folder;

    /** A call, and what it stands in. */
    private record Call(String name, List<String> within, Set<String> named, Optional<String> text) {
        String parent() {
            return within.isEmpty() ? "" : within.get(within.size() - 1);
        }
    }

    private static final class Calls extends CodeVisitorSupport {
        private final Deque<String> within = new ArrayDeque<>();
        private final List<Call> all = new ArrayList<>();

        @Override
        public void visitMethodCallExpression(MethodCallExpression call) {
            Set<String> named = new HashSet<>();
            Optional<String> text = Optional.empty();
            if (call.getArguments() instanceof TupleExpression tuple) {
                for (Expression argument : tuple.getExpressions()) {
                    if (argument instanceof MapExpression map) {
                        map.getMapEntryExpressions()
                                .forEach(entry ->
                                        named.add(entry.getKeyExpression().getText()));
                        text = map.getMapEntryExpressions().stream()
                                .filter(entry ->
                                        entry.getKeyExpression().getText().equals("name"))
                                .map(entry -> entry.getValueExpression().getText())
                                .findFirst();
                    } else if (call.getArguments() instanceof ArgumentListExpression && text.isEmpty()) {
                        text = Optional.of(argument.getText());
                    }
                }
            }
            all.add(new Call(String.valueOf(call.getMethodAsString()), List.copyOf(within), named, text));
            within.addLast(String.valueOf(call.getMethodAsString()));
            super.visitMethodCallExpression(call);
            within.removeLast();
        }
    }

    /** Returns what is wrong with it, in the order of the file; empty if nothing is. */
    private List<String> faults(String text) throws Exception {
        Calls calls = new Calls();
        CompilationUnit unit = new CompilationUnit();
        unit.addSource("Jenkinsfile", text);
        try {
            unit.compile(Phases.CONVERSION);
        } catch (CompilationFailedException e) {
            return List.of("Groovy: " + e.getMessage());
        }
        unit.getAST().getModules().get(0).getStatementBlock().visit(calls);
        List<String> faults = new ArrayList<>();
        Set<String> stashed = new HashSet<>();
        for (Call call : calls.all) {
            faults.addAll(faults(call));
            if (call.name().equals("stash")) {
                stashed.add(call.text().orElse(""));
            } else if (call.name().equals("unstash")
                    && !stashed.contains(call.text().orElse(""))) {
                faults.add("nothing is stashed as " + call.text());
            } else if (call.name().equals("sh")) {
                faults.addAll(shell(call.text().orElse("")));
            }
        }
        for (String needed : List.of("pipeline/agent", "pipeline/stages", "stages/stage", "stage/steps")) {
            String[] names = needed.split("/");
            if (calls.all.stream()
                    .noneMatch(call ->
                            call.parent().equals(names[0]) && call.name().equals(names[1]))) {
                faults.add("no " + needed);
            }
        }
        return faults;
    }

    private static List<String> faults(Call call) {
        if (call.within().isEmpty()) {
            return call.name().equals("pipeline") ? List.of() : List.of(call.name() + " at the top");
        }
        Set<String> section = SECTIONS.get(call.parent());
        if (section != null) {
            return section.contains(call.name()) ? List.of() : List.of(call.name() + " in " + call.parent());
        }
        boolean isStep = call.within().contains("steps") || CONDITIONS.contains(call.parent());
        if (!isStep) {
            return List.of();
        }
        if (SCRIPT.contains(call.name())) {
            return call.within().contains("script") ? List.of() : List.of(call.name() + " outside a script step");
        }
        Set<String> named = STEPS.get(call.name());
        if (named == null) {
            return List.of("no step " + call.name());
        }
        return named.containsAll(call.named()) ? List.of() : List.of(call.name() + " with " + call.named());
    }

    private List<String> shell(String command) throws Exception {
        Path script = Files.writeString(folder.resolve("sh"), command);
        HeldProcess checked = HeldProcess.run(folder, Duration.ofMinutes(1), "bash", "-n", script.toString());
        List<String> faults = new ArrayList<>();
        if (checked.status() != 0) {
            faults.add("sh: " + checked.output());
        }
        if (command.contains(STEP)) {
            String word =
                    command.substring(command.indexOf(STEP) + STEP.length()).strip();
            Path step = FILE.resolveSibling("step");
            if (Files.readAllLines(step).stream().noneMatch(line -> line.startsWith(word + ") "))) {
                faults.add("step has no " + word);
            }
        }
        return faults;
    }

    @Test
    void jenkinsKnowsEachPart() throws Exception {
        String text = Files.readString(FILE);
        assertThat(faults(text)).isEmpty();
        assertThat(Stream.of("plan", "shard", "merge")).allMatch(word -> text.contains(STEP + " " + word + "'"));
    }

    @Test
    void whatJenkinsRefusesIsFound() throws Exception {
        String text = Files.readString(FILE);
        for (String[] change : new String[][] {
            {"stages {", "stages", "Groovy: "},
            {"stages {", "stagess {", "stagess in pipeline"},
            {"post {", "posts {", "posts in stage"},
            {"always {", "ever {", "ever in post"},
            {"sh 'rm -rf ksplat-shards'\n", "ssh 'rm -rf ksplat-shards'\n", "no step ssh"},
            {"includes: 'ksplat-plan.json'", "include: 'ksplat-plan.json'", "stash with "},
            {"unstash 'ksplat-plan'", "unstash 'plan'", "nothing is stashed as "},
            {"step merge'", "step \"merge'", "sh: "},
            {"step merge'", "step join'", "step has no join"},
            {"agent none", "", "no pipeline/agent"},
            {"script {\n                    (1..", "{ ->\n                    (1..", "each outside a script step"},
        }) {
            String wrong = text.replace(change[0], change[1]);
            assertThat(wrong).as(change[0]).isNotEqualTo(text);
            assertThat(faults(wrong)).as(change[1]).anyMatch(fault -> fault.startsWith(change[2]));
        }
    }
}
