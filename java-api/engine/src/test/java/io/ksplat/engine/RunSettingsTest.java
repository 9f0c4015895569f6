// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.NmiMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunSettingsTest {
    private static RunSettings read(Map<String, String> parameters) {
        return RunSettings.read(key -> Optional.ofNullable(parameters.get(key)));
    }

    private static SessionOptions options(Map<String, String> parameters) {
        return SessionOptions.read(key -> Optional.ofNullable(parameters.get(key)));
    }

    @Test
    void hasDefaults() {
        RunSettings settings = read(Map.of());
        assertThat(settings.kernel()).hasToString(RunSettings.DEFAULT_KERNEL);
        assertThat(settings.expect()).isEmpty();
        assertThat(settings.nmi()).isEqualTo(NmiMode.AS_WRITTEN);
        assertThat(settings.attempt()).isEqualTo(1);
        assertThat(settings.report()).isEqualTo(Path.of("ksplat-report"));
        assertThat(settings.busy()).isEqualTo(Duration.ofSeconds(20));
        assertThat(options(Map.of()).accelerator()).isEmpty();
        assertThat(options(Map.of()).launcher()).isEmpty();
    }

    @Test
    void aContainerKeepsNoMachineForADebugger() {
        assertThatThrownBy(() -> read(Map.of("ksplat.container", "image:1", "ksplat.keep-dead", "true")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "ksplat.keep-dead needs QEMU on this host, and does not go with ksplat.container: leave one out");
    }

    @Test
    void readsEachParameter() {
        RunSettings settings = read(Map.of(
                "ksplat.kernel", "debian:6.12/amd64",
                "ksplat.expect", "recovered",
                "ksplat.nmi", "none",
                "ksplat.attempt", "12",
                "ksplat.report", "/tmp/r",
                "ksplat.busy", "3",
                "ksplat.accelerator", "KVM"));
        assertThat(settings.kernel()).hasToString("debian:6.12/amd64");
        assertThat(settings.expect()).contains(Verdict.RECOVERED);
        assertThat(settings.nmi()).isEqualTo(NmiMode.NONE);
        assertThat(settings.attempt()).isEqualTo(12);
        assertThat(settings.report()).isEqualTo(Path.of("/tmp/r"));
        assertThat(settings.busy()).isEqualTo(Duration.ofSeconds(3));
        assertThat(options(Map.of("ksplat.accelerator", "KVM")).accelerator()).contains(Accelerator.KVM);
        assertThat(read(Map.of("ksplat.nmi", "as-written")).nmi()).isEqualTo(NmiMode.AS_WRITTEN);
        assertThat(read(Map.of("ksplat.nmi", "storm:2.5")).nmi()).isEqualTo(NmiMode.storm(2.5));
    }

    @Test
    void takesWordsOfACommandLine() {
        RunSettings settings =
                RunSettings.of("debian:6.12").expecting("clean").sending("none").keeping(true, false);
        assertThat(settings.kernelText()).isEqualTo("debian:6.12");
        assertThat(settings.expect()).contains(Verdict.CLEAN);
        assertThat(settings.nmi()).isEqualTo(NmiMode.NONE);
        assertThat(settings.keepDead()).isTrue();
        assertThatThrownBy(() -> settings.expecting("fine")).hasMessageContaining("--expect is one of [deadlock,");
        assertThatThrownBy(() -> SessionOptions.standard(Progress.NONE).withAccelerator(Optional.of("hvf")))
                .hasMessage("--accelerator is one of [kvm, tcg], not \"hvf\"");
        assertThatThrownBy(() -> settings.sending("storm:99999999"))
                .hasMessage("--nmi: a storm has up to 10,000 NMIs a second, not 99999999");
        assertThatThrownBy(() -> settings.sending("all")).hasMessageContaining("--nmi: all is not as-written");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ksplat.expect      | maybe      | ksplat.expect is one of [deadlock, recovered,",
                "ksplat.nmi         | some       | ksplat.nmi: some is not as-written, none or storm:RATE, NMIs a second",
                "ksplat.nmi         | storm      | ksplat.nmi: storm is not as-written, none or storm:RATE, NMIs a second",
                "ksplat.nmi         | storm:0    | ksplat.nmi: a storm has up to 10,000 NMIs a second, not 0.0",
                "ksplat.accelerator | hvf        | ksplat.accelerator is one of [kvm, tcg], not \"hvf\"",
                "ksplat.attempt     | 0          | ksplat.attempt is a number from 1, not \"0\"",
                "ksplat.attempt     | -3         | ksplat.attempt is a number from 1",
                "ksplat.attempt     | one        | ksplat.attempt is a number from 1",
                "ksplat.attempt     | 4294967297 | ksplat.attempt is a number from 1",
                "ksplat.kernel      | nonsense   | kernel spec 'nonsense' is none of debian:SERIES",
                "ksplat.kernel      | debian:    | kernel spec 'debian:' is none of",
            })
    void refusesInOneLineWhatMakesNoSense(String key, String value, String message) {
        assertThatThrownBy(() -> {
                    read(Map.of(key, value));
                    options(Map.of(key, value));
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message)
                .satisfies(refusal -> assertThat(refusal.getMessage()).doesNotContain("\n"));
    }
}
