// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a job of the PULL_LABS protocol asks for, as far as ksplat can do it.
 *
 * @param kernel an image or a package
 * @param sha256 of the kernel, if the job tells it
 * @param tests at least one
 */
record JobDefinition(URI kernel, Optional<String> sha256, List<Test> tests) {
    /** The type of the tests that are reproducers of ksplat. */
    static final String TYPE = "ksplat";

    private static final Pattern PARAMETER = Pattern.compile("([a-z]+)=(\\S+)");
    private static final Pattern REPRODUCER = Pattern.compile("[a-z0-9][a-z0-9-]*(/[a-z0-9-]+)?");
    private static final Set<String> MACHINES = Set.of("x86_64", "x86", "amd64");
    private static final int MOST_REPRODUCERS = 200;
    private static final int MOST_ATTEMPTS = 1000;
    private static final int DEFAULT_SECONDS = 600;
    private static final int MOST_SECONDS = 86_400;

    JobDefinition {
        tests = List.copyOf(tests);
    }

    /** Reproducers of the catalogue, and how often each runs. */
    record Test(String id, List<String> reproducers, int repeat, Duration limit) {
        Test {
            reproducers = List.copyOf(reproducers);
        }
    }

    /** A job of other tests than ksplat's. */
    static final class NothingToDoException extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        NothingToDoException(String message) {
            super(message);
        }
    }

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException in one line, if it is malformed or asks for what ksplat does not do
     */
    static JobDefinition parse(byte[] json) throws IOException {
        JsonNode job;
        try {
            job = new ObjectMapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the job's definition is no JSON", e);
        }
        List<Test> tests = new ArrayList<>();
        Set<String> named = new HashSet<>();
        for (JsonNode test : job.path("tests")) {
            if (test.path("type").asText().equals(TYPE)) {
                Test read = test(test);
                for (String reproducer : read.reproducers()) {
                    if (!named.add(reproducer)) {
                        throw new IllegalArgumentException("the job names " + reproducer + " twice");
                    }
                }
                tests.add(read);
            }
        }
        if (tests.isEmpty()) {
            throw new NothingToDoException("the job has no test of type " + TYPE + ", the only one that this lab runs");
        }
        String arch = job.at("/environment/arch").asText("");
        if (!MACHINES.contains(arch)) {
            throw new IllegalArgumentException(
                    "the job is for the architecture \"" + clean(arch) + "\", and this lab has x86_64");
        }
        String sha256 = job.at("/integrity/sha256/kernel").asText("").toLowerCase(Locale.ROOT);
        if (!sha256.isEmpty() && !sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("the job's sha256 of the kernel is none");
        }
        return new JobDefinition(
                JobEvent.address(job.at("/artifacts/kernel").asText(""), "the job has no artifacts.kernel"),
                Optional.of(sha256).filter(text -> !text.isEmpty()),
                tests);
    }

    private static Test test(JsonNode test) {
        String id = clean(test.path("id").asText(TYPE));
        for (String commands : List.of("pre-commands", "post-commands")) {
            if (!test.path(commands).isEmpty()) {
                throw new IllegalArgumentException(
                        "the test " + id + " has " + commands + ": this lab runs no commands of a job");
            }
        }
        List<String> reproducers = List.of();
        int repeat = 1;
        for (String word : test.path("parameters").asText("").strip().split("\\s+", -1)) {
            Matcher parameter = PARAMETER.matcher(word);
            if (!parameter.matches()) {
                throw new IllegalArgumentException("the test " + id + " has the parameter \"" + clean(word)
                        + "\": only reproducers=ID,... and repeat=N");
            }
            switch (parameter.group(1)) {
                case "reproducers" -> reproducers = reproducers(id, parameter.group(2));
                case "repeat" -> repeat = number(id, parameter.group(2));
                default ->
                    throw new IllegalArgumentException("the test " + id + " has the parameter " + parameter.group(1)
                            + ": only reproducers=ID,... and repeat=N");
            }
        }
        if (reproducers.isEmpty()) {
            throw new IllegalArgumentException("the test " + id + " names no reproducers=ID,...");
        }
        int seconds = test.path("timeout_s").asInt(DEFAULT_SECONDS);
        return new Test(id, reproducers, repeat, Duration.ofSeconds(Math.max(1, Math.min(seconds, MOST_SECONDS))));
    }

    private static List<String> reproducers(String id, String text) {
        List<String> words = List.of(text.split(",", MOST_REPRODUCERS + 1));
        for (String word : words) {
            if (!REPRODUCER.matcher(word).matches()) {
                throw new IllegalArgumentException(
                        "the test " + id + " names \"" + clean(word) + "\", which is no reproducer of the catalogue");
            }
        }
        return words;
    }

    private static int number(String id, String text) {
        if (!text.matches("[0-9]{1,4}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MOST_ATTEMPTS) {
            throw new IllegalArgumentException(
                    "the test " + id + " has repeat=" + clean(text) + ": 1 to " + MOST_ATTEMPTS);
        }
        return Integer.parseInt(text);
    }

    /** What is told of a text that came from outside. */
    private static String clean(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.substring(0, Math.min(plain.length(), 80));
    }
}
