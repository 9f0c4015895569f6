// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

class VerifierExceptionTest {
    @Test
    void tellsTheRefusalByTheLineThatSaysWhy() {
        String log = "0: R1=ctx() R10=fp0\n; bpf_task_release(task); @ x.bpf.c:7\n4: (85) call bpf_task_release#1\n"
                + "R1 must be referenced or trusted\nprocessed 5 insns (limit 1000000) max_states_per_insn 0\n\n";
        VerifierException refusal = new VerifierException("on_nmi", 13, log);
        assertThat(refusal).hasMessage("the verifier refused on_nmi: R1 must be referenced or trusted");
        assertThat(refusal.program()).isEqualTo("on_nmi");
        assertThat(refusal.log()).isEqualTo(log);
        assertThat(refusal.errno()).isEqualTo(13);
    }

    @Test
    void findsTheReasonAmongStatisticsAndInNothing() {
        assertThat(VerifierException.reason("func#0 @0\nunreachable insn 3\nverification time 12 usec\nstack depth 0\n"
                        + "processed 0 insns\n-- END PROG LOAD LOG --\n"))
                .isEqualTo("unreachable insn 3");
        assertThat(VerifierException.reason("")).isEqualTo("no log");
    }

    @Test
    void findsTheReasonAboveTheStatesOfALoopThatNeverEnds() {
        assertThat(VerifierException.reason("0: R10=fp0\n; for (;;) ; @ x.bpf.c:6\n0: (05) goto pc-1\n"
                        + "infinite loop detected at insn 0\ncur state: R10=fp0\nold state: R10=fp0\n"
                        + "processed 9 insns (limit 1000000) max_states_per_insn 0\n"))
                .isEqualTo("infinite loop detected at insn 0");
    }

    @Test
    void findsTheReasonAboveTheStatisticsOfEachSubprogram() {
        assertThat(VerifierException.reason("0: (95) exit\nR0 !read_ok\nverification time 12 usec\nstack depth max 8\n"
                        + "subprog 0 (main) main insns_self 1 insns_total 2 stack 8\n"
                        + "subprog 1 (<unknown>) static insns_self 1 insns_total 1 stack 0\nprocessed 2 insns\n"))
                .isEqualTo("R0 !read_ok");
    }

    @Test
    void takesWordsOfAReasonForNoStatistics() {
        assertThat(VerifierException.reason("0: (85) call pc+3\nsubprog 1 reads beyond its stack\nprocessed 1 insns\n"))
                .isEqualTo("subprog 1 reads beyond its stack");
    }

    @Test
    void findsTheReasonBeforeTheExplanationOf73() throws IOException {
        String log = Files.readString(Fixtures.file("verifier-7.3.log"));
        assertThat(log).contains("Suggestion:");
        assertThat(VerifierException.reason(log)).isEqualTo("R1 invalid mem access 'scalar'");
        assertThat(VerifierException.reason(log.substring(log.indexOf("Verification failed"))))
                .isEqualTo("Register Type Safety: Invalid dereference");
    }
}
