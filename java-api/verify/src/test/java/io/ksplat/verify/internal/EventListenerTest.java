// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

class EventListenerTest {
    @TempDir
    Path folder;

    /** Its tests end in every way. Not run by itself: the tag belongs to no level. */
    @Tag("inner")
    static class Inner {
        @Test
        void passes() {}

        @Test
        void fails() {
            throw new IllegalStateException("on purpose");
        }

        @Test
        void aborts() {
            assumeTrue(false, "no such thing here");
        }

        @Test
        @Disabled("not now")
        void isDisabled() {}

        @ParameterizedTest
        @ValueSource(ints = {5, 6})
        void repeats(int any) {}
    }

    static final class NoTime implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return new TimeLimit(Optional.of(Instant.EPOCH)).evaluateExecutionCondition(context);
        }
    }

    @Tag("inner")
    @ExtendWith(NoTime.class)
    static class Late {
        @Test
        void passes() {}
    }

    private List<String> run(Class<?> type) throws IOException {
        Path events = folder.resolve("events");
        Files.writeString(events, "");
        LauncherFactory.create(LauncherConfig.builder()
                        .enableTestExecutionListenerAutoRegistration(false)
                        .addTestExecutionListeners(EventListener.always(events, "verify"))
                        .build())
                .execute(LauncherDiscoveryRequestBuilder.request()
                        .selectors(selectClass(type))
                        .build());
        return Files.readAllLines(events).stream()
                .map(line -> Event.parse(line).orElseThrow())
                .map(event -> event.kind() + " " + event.test().replaceFirst(".*\\$", "") + " " + event.text())
                .map(String::strip)
                .toList();
    }

    @Test
    void tellsHowEachTestEnded() throws IOException {
        List<String> told = run(Inner.class);
        assertThat(told.subList(0, 2)).containsExactly("PLAN", "CLASS Inner");
        assertThat(told)
                .contains(
                        "PASSED Inner#passes",
                        "FAILED Inner#fails java.lang.IllegalStateException: on purpose",
                        "SKIPPED Inner#aborts org.opentest4j.TestAbortedException: Assumption failed: no such thing here",
                        "SKIPPED Inner#isDisabled not now",
                        "PASSED Inner#repeats[1]",
                        "PASSED Inner#repeats[2]")
                .endsWith("ENDED Inner");
        assertThat(told.stream().filter(line -> Collections.frequency(told, line) > 1))
                .isEmpty();
    }

    @Test
    void startsNoClassWhenTheTimeIsOver() throws IOException {
        assertThat(run(Late.class)).containsExactly("PLAN", "SKIPPED Late " + TimeLimit.REASON);
    }
}
