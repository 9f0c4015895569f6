// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.engine.KernelNeeds;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MethodScenarioTest {
    @Reproducer(id = "sample", bpf = "sample.bpf.c", shows = "nothing", seed = "none")
    @Needs(
            kfuncs = {"bpf_task_release", "bpf_task_from_pid"},
            functions = "call_rcu",
            boot = "  rcu_nocbs=all\tapic_extnmi=all ")
    @Expect(verdict = Verdict.REJECTED, kernels = "[6.1,6.3)")
    @Expect(verdict = Verdict.DEADLOCK, kernels = "[6.3,7.3)")
    @Expect(verdict = Verdict.RECOVERED, kernels = "[7.2,)")
    static final class Sample {
        void plain() {}

        @Expect(verdict = Verdict.CLEAN, kernels = "[7.0,)")
        void safe() {}
    }

    @Reproducer(id = "bare", bpf = "bare.bpf.c", shows = "nothing", seed = "none")
    static final class Bare {
        void plain() {}
    }

    private static final MethodScenario.Code NO_CODE = new MethodScenario.Code() {
        @Override
        public void beforeSnapshot(Machine machine) {}

        @Override
        public void test(Machine machine) {}
    };

    private static MethodScenario subject(Class<?> type, String method) {
        return subject(type, method, Optional.empty());
    }

    private static MethodScenario subject(Class<?> type, String method, Optional<String> testCase) {
        try {
            return new MethodScenario(type, type.getDeclaredMethod(method), testCase, NO_CODE);
        } catch (NoSuchMethodException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void expectsWhatTheFirstRangeThatCoversTheKernelSays() {
        MethodScenario subject = subject(Sample.class, "plain");
        assertThat(subject.expectedOn("6.1.0-30-amd64").verdict()).isEqualTo(Verdict.REJECTED);
        assertThat(subject.expectedOn("6.12.113").verdict()).isEqualTo(Verdict.DEADLOCK);
        assertThat(subject.expectedOn("7.2.13").verdict()).isEqualTo(Verdict.DEADLOCK);
        assertThat(subject.expectedOn("7.3.0").verdict()).isEqualTo(Verdict.RECOVERED);
    }

    @Test
    void expectsTheMethodsRangeBeforeTheClasss() {
        MethodScenario subject = subject(Sample.class, "safe");
        assertThat(subject.expectedOn("7.2.13").verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(subject.expectedOn("6.12.113").verdict()).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void expectsNothingOfAKernelThatNoRangeCovers() {
        assertThat(subject(Sample.class, "plain").expectedOn("5.10.1").verdict())
                .isEqualTo(Verdict.UNSUPPORTED);
        assertThat(subject(Bare.class, "plain").expectedOn("7.3.0").verdict()).isEqualTo(Verdict.UNSUPPORTED);
    }

    @Reproducer(id = "several", bpf = "several.bpf.c", shows = "nothing", seed = "none")
    @Needs(functions = "call_rcu")
    @Needs(cases = "old", functions = "kptr_get", boot = "nosmp")
    @Expect(verdict = Verdict.CLEAN, cases = "safe")
    @Expect(verdict = Verdict.DEADLOCK)
    static final class Several {
        void plain() {}
    }

    @Test
    void namesACaseAfterASlash() {
        assertThat(subject(Several.class, "plain", Optional.of("task-hash")).id())
                .isEqualTo("several/task-hash");
        assertThat(subject(Several.class, "plain").id()).isEqualTo("several");
        assertThatThrownBy(() -> subject(Several.class, "plain", Optional.of("[1] Task")))
                .hasMessageContaining("is no name of a case");
    }

    @Test
    void expectsAndNeedsOfACaseWhatNamesItOrNamesNone() {
        MethodScenario safe = subject(Several.class, "plain", Optional.of("safe"));
        MethodScenario old = subject(Several.class, "plain", Optional.of("old"));
        assertThat(safe.expectedOn("7.3.0").verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(old.expectedOn("7.3.0").verdict()).isEqualTo(Verdict.DEADLOCK);
        assertThat(subject(Several.class, "plain").expectedOn("7.3.0").verdict())
                .isEqualTo(Verdict.DEADLOCK);
        assertThat(safe.needs().functions()).containsExactly("call_rcu");
        assertThat(old.needs().functions()).containsExactly("call_rcu", "kptr_get");
        assertThat(old.needs().bootParameters()).containsExactly("nosmp");
        assertThat(safe.needs().bootParameters()).isEmpty();
    }

    @Test
    void splitsTheBootLine() {
        assertThat(subject(Sample.class, "plain").needs().bootParameters())
                .containsExactly("rcu_nocbs=all", "apic_extnmi=all");
        assertThat(subject(Bare.class, "plain").needs().bootParameters()).isEmpty();
    }

    @Test
    void refusesAClassThatIsNoReproducer() {
        assertThatThrownBy(() -> subject(MethodScenarioTest.class, "splitsTheBootLine"))
                .hasMessage(MethodScenarioTest.class.getName() + " has neither @Reproducer nor @KernelTest");
    }

    @Test
    void needsWhatItsAnnotationsName() {
        KernelNeeds needs = subject(Sample.class, "plain").needs();
        assertThat(needs.kfuncs()).containsExactly("bpf_task_release", "bpf_task_from_pid");
        assertThat(needs.functions()).containsExactly("call_rcu");
        assertThat(subject(Bare.class, "plain").needs()).isEqualTo(KernelNeeds.NONE);
    }

    @Test
    void definesItsCase() {
        assertThat(subject(Several.class, "plain", Optional.of("task-hash")).macros())
                .containsExactly("CASE_task_hash");
        assertThat(subject(Several.class, "plain").macros()).isEmpty();
    }

    @Test
    void namesWhatItIsAskedFor() {
        assertThatThrownBy(() ->
                        new MethodScenario(String.class, String.class.getMethod("isEmpty"), Optional.empty(), NO_CODE))
                .hasMessage("java.lang.String has neither @Reproducer nor @KernelTest");
    }
}
