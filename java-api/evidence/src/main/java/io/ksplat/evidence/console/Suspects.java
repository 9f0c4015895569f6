// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.console;

import io.ksplat.evidence.console.Trace.Entry;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the function that a title names. */
final class Suspects {
    private static final Pattern AT = Pattern.compile("\\bat: (?:\\[<[0-9a-f]+>\\] )?([A-Za-z_][\\w.]*)");

    /** Wrappers of allocators: a leak is their callers'. */
    private static final Pattern ALLOCATORS = Pattern.compile("alloc|^create_object$|dup$");

    /** Wrappers of locks, which only the lock's taking is about. */
    private static final Pattern LOCKS =
            Pattern.compile("(?:_lock|_unlock|_trylock|^unlock_\\w+)(?:_nested|_irq\\w*|_bh)?$|panic$");

    /** How a task waits (kernel/sched, kernel/locking, mm/filemap.c, kernel/rcu): what it waits for is below. */
    private static final Pattern WAITING = Pattern.compile(
            "_*(?:schedule|io_schedule|context_switch|switch_to|preempt_schedule|mutex_|ww_mutex|rt_mutex|down_|rwsem_|rwbase|down$|up_|wait_for_com|do_wait_for_common|wait_for_common|wait_on_|bit_wait|out_of_line_wait|wait_bit|"
                    + "lock_page|lock_buffer|ldsem_|tty_ldisc_lock|filemap_fdatawait|fdatawait|rcu_barrier|folio_wait|folio_lock|wait_rcu_gp|percpu_|raw_spin|exp_funnel|rcu_exp|flush_work|flush_workqueue|kthread_park|cancel_work|cancel_delayed|prepare_to|do_nanosleep|wait_woken|sleep_on|wait_event|trace_|sched_|io_wait|blk_io_schedule|debug_|lock_acquire|might).*");

    /** Entry points of the kernel's parts: what a busy CPU was asked to do. Innermost first, each is called through a pointer or a table. */
    private static final Pattern ENTRY = Pattern.compile(
            // syscalls of their own; the ones that lead anywhere (ioctl, read, write, sendmsg) tell less than what they
            // lead to
            "(?:__(?:x64|ia32|se|do|arm64|s390x?|riscv)_|__ia32_compat_|compat_)?(?:sys_|SyS_|SYSC_|ksys_)(?!ioctl|read$|write$|readv|writev|pread|pwrite|sendto|sendmsg$|recvmsg$|exit_to|futex|socketcall|execve|rt_sig|sendfile|splice|prctl)\\w+"
                    // file, socket, device and netlink operations
                    + "|(?!do_vfs_|vfs_|do_compat_|sock_|sock_do|block_|blkdev_|compat_|fs_|tty_x)\\w+_(?:vcpu_|dev_|vm_|compat_)*ioctl|(?!do_)\\w+_[gs]etsockopt|(?!sock_|netlink_|inet_|inet6_|____sys_|___sys_|__sys_|kernel_|udp_|tcp_)\\w+_sendmsg|"
                    + "(?!generic_|do_|call_|blkdev_|sock_|tun_chr_|new_sync|__generic_|vfs_)\\w+_(?:read_iter|write_iter|filemap_fault|page_mkwrite_)|rtnl_(?:newlink|dellink|setlink)|\\w+_(?:dumpit|doit)|"
                    // packets
                    + "ip_rcv|ipv6_rcv|br_handle_frame|\\w+_rcv_x|"
                    // timers and deferred work of tasks
                    + "__cleanup_mnt|smp_call_function\\w*|perf_event_mmap|rtnl_newlink");

    private Suspects() {}

    static Optional<String> find(Report report, List<Trace> traces) {
        return find(report, traces, report.rule().blame()).map(Names::title);
    }

    private static Optional<String> find(Report report, List<Trace> traces, Rule.Blame blame) {
        return switch (blame) {
            case NONE -> Optional.empty();
            case HEAD -> head(report).filter(Suspects::isTelling).or(() -> stack(traces));
            case PC, STACK -> stack(traces);
            case TAKING -> taking(report).filter(Suspects::isTelling).or(() -> stack(traces));
            case SAFE ->
                labelled(traces, "became safe").or(() -> taking(report)).or(() -> stack(traces));
            case HOLDING -> first(report, AT).or(() -> stack(traces));
            case BUSY -> busy(traces);
            case SPINNING -> spinning(traces.stream().filter(Suspects::isBusy));
            case WAITING -> waiting(traces);
            case ALLOCATING -> allocating(traces);
        };
    }

    private static boolean isTelling(String function) {
        return !Machinery.is(function);
    }

    private static Optional<String> labelled(List<Trace> traces, String label) {
        return traces.stream()
                .filter(trace -> label.equals(trace.label()))
                .map(trace -> first(trace, entry -> true))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> allocating(List<Trace> traces) {
        return traces.stream()
                .map(trace -> first(
                        trace,
                        entry -> !ALLOCATORS.matcher(entry.frame().function()).find()))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> head(Report report) {
        try {
            return Optional.ofNullable(report.head().group("f"));
        } catch (IllegalArgumentException noSuchGroup) {
            return Optional.empty();
        }
    }

    private static Optional<String> taking(Report report) {
        boolean near = false;
        for (Line line : report.lines) {
            near |= line.text().contains("trying to acquire lock")
                    || line.text().endsWith("takes:")
                    || line.text().contains("is trying to lock:");
            if (line.text().contains("already holding lock") || line.text().contains("which lock already depends")) {
                return Optional.empty();
            }
            if (near) {
                Matcher at = AT.matcher(line.text());
                if (at.find()) {
                    return Optional.of(at.group(1));
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> first(Report report, Pattern pattern) {
        return report.lines.stream()
                .map(line -> pattern.matcher(line.text()))
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1))
                .findFirst();
    }

    static Optional<String> stack(List<Trace> traces) {
        return traces.stream()
                .filter(trace -> trace.isMain())
                .map(trace -> first(
                        trace,
                        entry -> !LOCKS.matcher(Names.plain(entry.frame().function()))
                                .find()))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** The first certain function of a trace that is worth naming; an uncertain one if it has no certain ones at all. */
    static Optional<String> first(Trace trace, Predicate<Entry> which) {
        Optional<String> certain = functions(
                        trace, which.and(entry -> entry.frame().certain()))
                .filter(Suspects::isTelling)
                .findFirst();
        boolean guesses =
                trace.entries().stream().noneMatch(entry -> entry.frame().certain());
        return guesses ? functions(trace, which).filter(Suspects::isTelling).findFirst() : certain;
    }

    private static Stream<String> functions(Trace trace, Predicate<Entry> which) {
        return trace.entries().stream().filter(which).map(entry -> entry.frame().function());
    }

    private static Optional<String> busy(List<Trace> traces) {
        List<Trace> suspects = traces.stream().filter(Suspects::isBusy).toList();
        return suspects.stream()
                .map(Suspects::entry)
                .flatMap(Optional::stream)
                .findFirst()
                .or(() -> spinning(suspects.stream()));
    }

    private static Optional<String> spinning(Stream<Trace> suspects) {
        return suspects.map(
                        trace -> first(trace, entry -> !Ticks.is(entry.frame().function())))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** Neither RCU's own thread, which starves with the rest, nor a CPU with nothing to do. */
    private static boolean isBusy(Trace trace) {
        return trace.isMain()
                && functions(trace, entry -> true)
                        .noneMatch(function ->
                                function.startsWith("rcu_gp_kthread") || function.equals("rcu_gp_fqs_loop"));
    }

    private static Optional<String> entry(Trace trace) {
        String below = "";
        for (Entry entry : trace.entries()) {
            if (!entry.frame().certain()) {
                continue;
            }
            String function = Names.plain(entry.frame().function());
            if (function.equals("call_timer_fn") && !below.isEmpty() && isTelling(below)) {
                return Optional.of(below);
            }
            if (ENTRY.matcher(function).matches()) {
                return Optional.of(function);
            }
            below = function;
        }
        return Optional.empty();
    }

    private static Optional<String> waiting(List<Trace> traces) {
        return traces.stream()
                .filter(trace -> "task".equals(trace.label()))
                .findFirst()
                .flatMap(trace -> functions(trace, entry -> entry.frame().certain())
                        .filter(function -> !WAITING.matcher(function).matches())
                        .filter(Suspects::isTelling)
                        .findFirst());
    }
}
