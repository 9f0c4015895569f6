// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.regex.Pattern;

/** Frames between the timer interrupt and a watchdog. In the trace of a stall they lie above the function that the CPU ran. */
final class TimerFrames {
    private static final Pattern NAMES = Pattern.compile(
            "_*(?:rcu_(?:check|dump|sched_clock|pending|print|stall|note|core|gp_kthread|iw)\\w*|print_\\w+|check_cpu_stall|update_process_times|tick_\\w+|hrtimer_\\w+|local_apic_timer\\w*|smp_(?:trace_)?apic_timer\\w*|(?:trace_)?apic_timer_interrupt\\w*|"
                    + "sysvec_\\w+|asm_\\w+|irq_\\w+|irqentry_\\w+|handle_\\w*irq\\w*|generic_handle\\w*|arch_timer\\w*|gic_\\w+|el1_irq|el1h_\\w+|irq_svc|sched_show_task|dump_cpu_task|watchdog_\\w+|dump_stack\\w*|nmi_\\w+|(?:default_)?do_nmi|exc_nmi|end_repeat_nmi|perf_event_nmi_handler|perf_event_overflow|\\w*_pmu_handle_irq|intel_pmu_\\w+|arch_trigger\\w+|timer_interrupt|"
                    + "do_IRQ|common_interrupt|ret_from_intr|retint_\\w+|invoke_softirq|do_softirq\\w*|softirq\\w*|call_on_stack\\w*|handle_softirqs|run_timer_\\w+|run_timers|expire_timers|run_ksoftirqd|schedule\\w*|preempt_schedule\\w*|kthread|ret_from_fork\\w*|riscv_\\w+|do_irq|handle_riscv_irq|default_idle\\w*|cpuidle\\w*|do_idle|cpu_startup_entry|arch_cpu_idle|native_safe_halt|acpi_\\w*idle\\w*|mwait_idle\\w*|start_secondary|rest_init|start_kernel|secondary_startup\\w*|x86_64_start\\w*)");

    private TimerFrames() {}

    static boolean is(String function) {
        return NAMES.matcher(Names.plain(function)).matches();
    }
}
