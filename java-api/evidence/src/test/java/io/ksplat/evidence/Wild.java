// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.evidence.internal.Incidents;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Compares evidence with the right answers of small logs in forms that people send. The logs are not part of this project; tests that need them are
 * skipped without them. {@code -Dksplat.wild=DIR} or {@code KSPLAT_WILD} names their folder, by default {@code shared/wild} beside the checkout.
 */
final class Wild {
    private Wild() {}

    /**
     * A log and what was found in it.
     *
     * @param wrong the facts that are missing or wrong
     */
    record Answer(String file, List<String> wrong) {
        boolean isRight() {
            return wrong.isEmpty();
        }
    }

    static Path folder() {
        String given = System.getProperty("ksplat.wild", System.getenv().getOrDefault("KSPLAT_WILD", ""));
        Path folder = given.isEmpty()
                ? Path.of("../../../shared/wild").toAbsolutePath().normalize()
                : Path.of(given);
        assumeTrue(Files.isDirectory(folder), "no logs in " + folder + ": set KSPLAT_WILD to their folder");
        return folder;
    }

    /** Returns an answer for each log of a folder that {@code expected.json} there lists. */
    static List<Answer> answers(Path folder) throws IOException {
        List<Answer> answers = new ArrayList<>();
        for (JsonNode log :
                new ObjectMapper().readTree(folder.resolve("expected.json").toFile())) {
            String name = log.path("file").asText();
            List<Evidence> found = Incidents.together(ConsoleParser.parse(Files.readAllBytes(folder.resolve(name))));
            answers.add(new Answer(name, wrong(log, found)));
        }
        return answers;
    }

    private static List<String> wrong(JsonNode log, List<Evidence> found) {
        List<JsonNode> expected = list(log.path("reports"));
        if (expected.size() != found.size()) {
            return List.of("expected " + expected.size() + " reports, found "
                    + found.stream()
                            .map(one -> one.kind().id() + " '" + one.title() + "'")
                            .toList());
        }
        List<String> best = null;
        for (List<Evidence> order : orders(found)) {
            List<String> wrong = new ArrayList<>();
            for (int i = 0; i < expected.size(); i++) {
                wrong.addAll(wrong(order.get(i), expected.get(i)));
            }
            best = best == null || wrong.size() < best.size() ? wrong : best;
        }
        return Objects.requireNonNull(best);
    }

    private static List<List<Evidence>> orders(List<Evidence> found) {
        if (found.size() > 4) {
            return List.of(found);
        }
        List<List<Evidence>> orders = new ArrayList<>(List.of(List.of()));
        for (Evidence next : found) {
            List<List<Evidence>> longer = new ArrayList<>();
            for (List<Evidence> order : orders) {
                for (int at = 0; at <= order.size(); at++) {
                    List<Evidence> with = new ArrayList<>(order);
                    with.add(at, next);
                    longer.add(with);
                }
            }
            orders = longer;
        }
        return orders;
    }

    private static List<String> wrong(Evidence found, JsonNode expected) {
        List<String> wrong = new ArrayList<>();
        expected.fieldNames().forEachRemaining(fact -> {
            JsonNode right = expected.get(fact);
            String seen = seen(found, fact, right);
            if (!seen.isEmpty()) {
                wrong.add(fact + " is " + right + ", found " + seen);
            }
        });
        return wrong;
    }

    /** Returns what was found instead of a fact; empty if it is right. */
    private static String seen(Evidence found, String fact, JsonNode right) {
        List<String> functions = found.stacks().stream()
                .flatMap(stack -> functions(stack).stream())
                .toList();
        int longest = found.stacks().stream()
                .mapToInt(stack -> stack.frames().size())
                .max()
                .orElse(0);
        return switch (fact) {
            case "kind" -> any(right, found.kind().id());
            case "function" -> any(right, found.function().map(Wild::plain).orElse(null));
            case "cpu" -> any(right, number(found.cpu()));
            case "task" -> any(right, found.task().map(Task::comm).orElse(null));
            case "pid" ->
                any(right, found.task().map(task -> String.valueOf(task.pid())).orElse(null));
            case "seconds" ->
                matches(right, one -> Math.abs(one.asDouble() - found.seconds().orElse(-1)) < 0.01)
                        ? ""
                        : found.seconds().toString();
            case "line" ->
                any(
                        right,
                        found.line().isPresent() ? String.valueOf(found.line().getAsLong()) : null);
            case "count" -> any(right, String.valueOf(found.count()));
            case "locks" -> all(right, found.locks().stream().map(LockRef::name).toList());
            case "cycle_contexts" ->
                same(right, found.cycle().stream().map(CycleNode::context).toList());
            case "cycle_cpus" ->
                same(
                        right,
                        found.cycle().stream().map(node -> number(node.cpu())).toList());
            case "stacks_min" ->
                found.stacks().size() >= right.asInt() ? "" : found.stacks().size() + " stacks";
            case "stacks_max" ->
                found.stacks().size() <= right.asInt() ? "" : found.stacks().size() + " stacks";
            case "frames_min" -> longest >= right.asInt() ? "" : longest + " frames";
            case "frames_have" -> all(right, functions);
            case "frames_not" -> none(right, functions);
            case "sources" ->
                all(
                        right,
                        found.stacks().stream()
                                .flatMap(stack -> stack.frames().stream())
                                .map(frame -> frame.file().orElse("?") + ":"
                                        + frame.line().orElse(0))
                                .toList());
            case "stacks" ->
                list(right).stream().allMatch(one -> found.stacks().stream().anyMatch(stack -> fits(stack, one)))
                        ? ""
                        : found.stacks().stream()
                                .map(stack -> stack.cpu() + " " + stack.context() + " " + functions(stack))
                                .collect(Collectors.joining("; "));
            default -> throw new IllegalStateException("a fact that the test does not know: " + fact);
        };
    }

    private static boolean fits(Stack stack, JsonNode right) {
        List<String> functions = functions(stack);
        return (!right.has("cpu") || any(right.get("cpu"), number(stack.cpu())).isEmpty())
                && (!right.has("context")
                        || any(right.get("context"), stack.context()).isEmpty())
                && list(right.path("context_not")).stream()
                        .noneMatch(one -> one.asText().equals(stack.context()))
                && all(right.path("have"), functions).isEmpty()
                && none(right.path("not"), functions).isEmpty();
    }

    private static String any(JsonNode right, String found) {
        return matches(right, one -> one.isNull() ? found == null : one.asText().equals(found))
                ? ""
                : String.valueOf(found);
    }

    private static boolean matches(JsonNode right, Predicate<JsonNode> test) {
        return list(right).stream().anyMatch(test);
    }

    private static String all(JsonNode right, List<String> found) {
        return list(right).stream().allMatch(one -> found.contains(one.asText())) ? "" : found.toString();
    }

    private static String none(JsonNode right, List<String> found) {
        return list(right).stream().noneMatch(one -> found.contains(one.asText())) ? "" : found.toString();
    }

    private static String same(JsonNode right, List<String> found) {
        List<String> wanted =
                new ArrayList<>(list(right).stream().map(JsonNode::asText).toList());
        List<String> there = new ArrayList<>(found.stream().map(String::valueOf).toList());
        Collections.sort(wanted);
        Collections.sort(there);
        return wanted.equals(there) ? "" : there.toString();
    }

    private static List<JsonNode> list(JsonNode node) {
        return node.isMissingNode()
                ? List.of()
                : node.isArray()
                        ? StreamSupport.stream(node.spliterator(), false).toList()
                        : List.of(node);
    }

    private static List<String> functions(Stack stack) {
        return stack.frames().stream().map(frame -> plain(frame.function())).toList();
    }

    private static String plain(String function) {
        return function.replaceFirst("^\\.", "").replaceFirst("\\.(?:isra|part|constprop|cold)[.\\d]*.*$", "");
    }

    private static String number(OptionalInt number) {
        return number.isPresent() ? String.valueOf(number.getAsInt()) : null;
    }

    static Stream<String> report(List<Answer> answers) {
        return answers.stream()
                .filter(answer -> !answer.isRight())
                .map(answer -> answer.file() + "\n    " + String.join("\n    ", answer.wrong()));
    }

    static Optional<Answer> answer(List<Answer> answers, String file) {
        return answers.stream().filter(answer -> answer.file().equals(file)).findFirst();
    }
}
