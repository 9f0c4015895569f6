// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.taskwork;

import static io.ksplat.evidence.Verdict.CLEAN;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import io.ksplat.machine.GuestProcess;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Reproducer(
        id = "task-work-nmi",
        bpf = "task_work_nmi.bpf.c",
        shows =
                "work for a task, scheduled in NMI, or its map element deleted in NMI at each edge of its state machine",
        seed = "bpf: task work scheduling kfuncs")
@Needs(
        kfuncs = {
            "bpf_task_work_schedule_signal|bpf_task_work_schedule_signal_impl",
            "bpf_task_work_schedule_resume|bpf_task_work_schedule_resume_impl",
            "bpf_task_from_pid",
            "bpf_task_release"
        },
        functions = {"delayed_put_task_struct", "vfs_unlink"})
@Expect(verdict = CLEAN, kernels = "[6.18,)", because = "scheduling and cancelling are left to an irq_work")
class TaskWorkNmi {
    /** Attempts to hit the wanted state, which lasts for only a few instructions. */
    private static final int TRIES = 40;

    @Test
    void scheduledInNmi(Machine machine, BpfObject bpf) throws IOException {
        scheduleInNmi(machine, bpf);
    }

    @Case("resume")
    @Test
    void scheduledInNmiToResume(Machine machine, BpfObject bpf) throws IOException {
        scheduleInNmi(machine, bpf);
    }

    private static void scheduleInNmi(Machine machine, BpfObject bpf) throws IOException {
        bpf.program("on_nmi").attach();
        churn(machine, bpf);
        machine.controls().atLeast("scheduled", bpf.global("scheduled"), 1).atLeast("ran", bpf.global("ran"), 1);
        machine.nmi().aimAt("vfs_unlink").on(0).fire();
    }

    @Case("delete-pending")
    @Test
    void deletedInTheNmiThatScheduled(Machine machine, BpfObject bpf) throws IOException {
        bpf.program("on_nmi").attach();
        churn(machine, bpf);
        machine.controls()
                .atLeast("scheduled", bpf.global("scheduled"), 1)
                .atLeast("deleted", bpf.global("deleted"), 1);
        machine.nmi().aimAt("vfs_unlink").on(0).fire();
    }

    /** The kernel calls each function while the work is in the state of that case. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "delete-scheduling, task_work_add",
        "delete-scheduled, task_work_run",
        "delete-running, bpf_user_rnd_u32"
    })
    void deletedInNmi(String name, String function, Machine machine, BpfObject bpf) throws IOException {
        bpf.program("on_nmi").attach();
        bpf.program("on_unlink").attach();
        churn(machine, bpf);
        machine.controls()
                .atLeast("scheduled", bpf.global("scheduled"), 1)
                .atLeast("deleted", bpf.global("deleted"), 1);
        for (int i = 0; i < TRIES && bpf.global("deleted").get() == 0; i++) {
            long before = bpf.global("handled").get();
            if (machine.nmi().aimAt(function).on(0).fire().isEmpty()) {
                return;
            }
            if (!machine.soon(() -> bpf.global("handled").get() > before)) {
                return;
            }
        }
    }

    @Case("target-exits")
    @Test
    void targetExits(Machine machine, BpfObject bpf) throws IOException {
        GuestProcess child = scheduleForParked(machine, bpf);
        machine.controls().atLeast("ran", bpf.global("ran"), 1);
        child.exitAndReap();
    }

    @Case("map-freed")
    @Test
    void mapFreed(Machine machine, BpfObject bpf) throws IOException {
        GuestProcess child = scheduleForParked(machine, bpf);
        machine.unload(bpf);
        child.exitAndReap();
    }

    /**
     * Comes after the programs: one of them has the kernel patch vfs_unlink(), and a CPU that executes it meanwhile under QEMU's TCG was
     * seen to oops there (int3).
     */
    private static void churn(Machine machine, BpfObject bpf) throws IOException {
        bpf.program("make_element").run();
        bpf.global("target_pid").set(machine.churn(0).pid());
    }

    /** The work holds a reference to its task, so the free of the task shows that the work released it. */
    private static GuestProcess scheduleForParked(Machine machine, BpfObject bpf) throws IOException {
        GuestProcess child = machine.spawnParked(1);
        bpf.program("make_element").run();
        bpf.global("target_pid").set(child.pid());
        bpf.program("schedule_for_target").run();
        BpfObject tracer = machine.load("free_task.bpf.c");
        tracer.global("target").set(bpf.global("target").get());
        tracer.program("on_free").attach();
        machine.controls()
                .atLeast("scheduled", bpf.global("scheduled"), 1)
                .freed("delayed_put_task_struct", tracer.global("freed"), 1);
        return child;
    }
}
