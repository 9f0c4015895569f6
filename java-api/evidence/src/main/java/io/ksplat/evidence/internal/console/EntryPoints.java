// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.internal.console.Trace.Entry;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds the entry point of the subsystem that a busy CPU runs. Entry points are called through a pointer or a table. */
final class EntryPoints {
    /** System calls, except for generic ones (ioctl, read, write, sendmsg): the function that they dispatch to tells more. */
    private static final String SYSCALL =
            "(?:__(?:x64|ia32|se|do|arm64|s390x?|riscv)_|__ia32_compat_|compat_)?(?:sys_|SyS_|SYSC_|ksys_)"
                    + "(?!ioctl|read$|write$|readv|writev|pread|pwrite|sendto|sendmsg$|recvmsg$|exit_to|futex|socketcall|execve|rt_sig|sendfile|splice|prctl)\\w+";

    private static final String IOCTL =
            "(?!do_vfs_|vfs_|do_compat_|sock_|block_|blkdev_|compat_|fs_)\\w+_(?:vcpu_|dev_|vm_|compat_)*ioctl";

    private static final String SOCKET =
            "(?!do_)\\w+_[gs]etsockopt|(?!sock_|netlink_|inet_|inet6_|____sys_|___sys_|__sys_|kernel_|udp_|tcp_)\\w+_sendmsg";

    private static final String FILE =
            "(?!generic_|do_|call_|blkdev_|sock_|seq_|proc_reg_|kernfs_fop_|tun_chr_|new_sync|__generic_|vfs_)\\w+_(?:read_iter|write_iter|filemap_fault)";

    private static final String NETLINK = "rtnl_(?:newlink|dellink|setlink)|\\w+_(?:dumpit|doit)";

    private static final String PACKET = "ip_rcv|ipv6_rcv|br_handle_frame";

    private static final Pattern NAMES = Pattern.compile(String.join(
            "|", SYSCALL, IOCTL, SOCKET, FILE, NETLINK, PACKET, "__cleanup_mnt|smp_call_function\\w*|perf_event_mmap"));

    private EntryPoints() {}

    /** Returns the innermost entry point of a trace. */
    static Optional<String> innermost(Trace trace) {
        String below = "";
        for (Entry entry : trace.entries()) {
            if (!entry.frame().certain()) {
                continue;
            }
            String function = Names.plain(entry.frame().function());
            if (calls(function) && !below.isEmpty() && !HelperFunctions.is(below) && !TimerFrames.is(below)) {
                return Optional.of(below);
            }
            if (NAMES.matcher(function).matches()) {
                return Optional.of(function);
            }
            below = function;
        }
        return Optional.empty();
    }

    /** Returns whether a function calls timers (kernel/time/timer.c) or work items (kernel/workqueue.c). */
    private static boolean calls(String function) {
        return "call_timer_fn".equals(function) || "process_one_work".equals(function);
    }
}
