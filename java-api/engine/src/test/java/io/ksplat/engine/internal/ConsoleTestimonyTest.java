// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.GuestKernel;
import io.ksplat.machine.internal.SelfCheck;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a program prints is believed only as far as the kernel's memory allows. */
class ConsoleTestimonyTest {
    private static final Evidence REPORT = lockdep("a report");
    private static final Evidence OOPS = Evidence.builder(EvidenceKind.OOPS, "an oops", "oops:x")
            .source(Source.CONSOLE)
            .build();

    private static Evidence lockdep(String title) {
        return Evidence.builder(EvidenceKind.LOCKDEP_RECURSIVE, title, "recursive:x")
                .source(Source.CONSOLE)
                .build();
    }

    private static GuestKernel kernel(Optional<Boolean> lockdepOn) {
        return new GuestKernel("7.2.0", "#1", 2, 0, lockdepOn, true);
    }

    private static ConsoleTestimony ofLockdepThatIs(boolean on) throws IOException {
        return ConsoleTestimony.of(
                kernel(Optional.of(true)),
                SelfCheck.told(
                        Optional.of(() -> on),
                        () -> true,
                        () -> true,
                        Symbols.parse("ffffffff81000000 T _text\n".getBytes(StandardCharsets.US_ASCII))));
    }

    @Test
    void aReportCountsIfLockdepIsOff() throws IOException {
        ConsoleTestimony testimony = ofLockdepThatIs(false);
        assertThat(testimony.credible(List.of(OOPS, REPORT))).containsExactly(OOPS, REPORT);
        assertThat(testimony.refuted()).isEmpty();
    }

    @Test
    void aReportIsRefutedIfLockdepIsOn() throws IOException {
        ConsoleTestimony testimony = ofLockdepThatIs(true);
        assertThat(testimony.credible(List.of(OOPS, REPORT))).containsExactly(OOPS);
        assertThat(testimony.refuted()).singleElement().asString().contains("a report", "lockdep is still on");
    }

    @Test
    void aReportIsRefutedIfTheKernelHasNoLockdep() {
        ConsoleTestimony testimony = ConsoleTestimony.of(kernel(Optional.empty()), List.of());
        assertThat(testimony.credible(List.of(OOPS, REPORT))).containsExactly(OOPS);
        assertThat(testimony.refuted()).singleElement().asString().contains("the kernel has no lockdep");
    }

    @Test
    void aReportCountsIfLockdepCannotBeSeen() {
        ConsoleTestimony testimony = ConsoleTestimony.of(kernel(Optional.of(true)), List.of());
        assertThat(testimony.credible(List.of(REPORT))).containsExactly(REPORT);
    }

    @Test
    void whatNoMemoryCanRefuteIsLeftAlone() {
        assertThat(new ConsoleTestimony(false, Optional.empty()).credible(List.of(OOPS)))
                .containsExactly(OOPS);
    }

    /** The guest is hostile: it may print as many as it likes. */
    @Test
    void ofAFloodOfReportsTheFirstAreToldOf() {
        ConsoleTestimony testimony = new ConsoleTestimony(false, Optional.empty());
        List<Evidence> flood = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            flood.add(lockdep("report " + i));
        }
        assertThat(testimony.credible(flood)).isEmpty();
        assertThat(testimony.refuted()).hasSize(16);
    }
}
