// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import java.util.List;
import org.junit.jupiter.api.Test;

class AskedBacktracesTest {
    /** Of a 6.12 in QEMU whose CPU 0 waits for a queue's lock, shortened. */
    private static final String ANSWER = """
            [   97.182500] sysrq: Show backtrace of all active CPUs
            [   97.184973] NMI backtrace for cpu 1
            [   97.185204] CPU: 1 UID: 0 PID: 486 Comm: agent Not tainted 6.12.117+deb13-cloud-amd64 #1  Debian 6.12.117-1
            [   97.185631] Call Trace:
            [   97.185713]  <TASK>
            [   97.221117]  __handle_sysrq.cold+0x9f/0xe6
            [   97.221148]  write_sysrq_trigger+0x59/0x80
            [   97.222100]  </TASK>
            [   97.444060] Sending NMI from CPU 1 to CPUs 0,2-3:
            [   97.444124] NMI backtrace for cpu 0
            [   97.444140] CPU: 0 UID: 0 PID: 480 Comm: agent Not tainted 6.12.117+deb13-cloud-amd64 #1  Debian 6.12.117-1
            [   97.444170] RIP: 0010:native_queued_spin_lock_slowpath+0x13f/0x2a0
            [   97.444200] Call Trace:
            [   97.444210]  <TASK>
            [   97.444230]  _raw_spin_lock_irqsave+0x3d/0x50
            [   97.444250]  queue_stack_map_push_elem+0x4c/0x140
            [   97.444290]  </TASK>
            [   97.647423] NMI backtrace for cpu 2 skipped: idling at pv_native_safe_halt+0xf/0x20
            """;

    private static List<Integer> cpus(AskedBacktraces backtraces) {
        return backtraces.stacks().stream()
                .map(stack -> stack.cpu().orElseThrow())
                .distinct()
                .toList();
    }

    @Test
    void readsWhereEachCpuIs() {
        AskedBacktraces backtraces = new AskedBacktraces();
        ANSWER.lines().forEach(backtraces::line);

        assertThat(cpus(backtraces)).containsExactly(1, 0);
        Stack waits = backtraces.stacks().get(backtraces.stacks().size() - 1);
        assertThat(waits.frames())
                .extracting(Frame::function)
                .containsExactly(
                        "native_queued_spin_lock_slowpath", "_raw_spin_lock_irqsave", "queue_stack_map_push_elem");
        assertThat(waits.frames().get(0).certain()).isTrue();
    }

    @Test
    void forgetsWhereTheyWereWhenAskedAgain() {
        AskedBacktraces backtraces = new AskedBacktraces();
        ANSWER.lines().forEach(backtraces::line);
        ANSWER.lines().limit(8).forEach(backtraces::line);

        assertThat(cpus(backtraces)).containsExactly(1);
    }

    /** What a detector prints is a report, and is read as one. */
    @Test
    void readsNothingThatNobodyAskedFor() {
        AskedBacktraces backtraces = new AskedBacktraces();
        ANSWER.lines().skip(1).forEach(backtraces::line);

        assertThat(backtraces.stacks()).isEmpty();
    }
}
