#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes kernel-functions.txt: the functions of the kernel's infrastructure, by where the kernel defines them.

    generate.py SOURCE... > ../resources/io/ksplat/evidence/internal/console/kernel-functions.txt

Each SOURCE is a kernel tree: the last one is read whole. A name that the last tree also defines outside of the
infrastructure (a static function of a driver, say) is left out, because a trace does not tell the two apart, unless
the infrastructure's function is global: then hardly anybody else may use the name.
"""

import os
import re
import sys
from fnmatch import fnmatchcase

# The area of a file. The first pattern that matches counts; "" is no area, though a later pattern matches.
AREAS = [
    ("", "*/tests/* lib/test_* lib/*_test.c lib/*selftest* lib/*kunit* kernel/locking/*torture* kernel/locking/*test* "
         "kernel/rcu/*torture* kernel/rcu/rcuscale.c kernel/rcu/refscale.c kernel/time/*test* kernel/time/timer_list.c "
         "kernel/time/posix-*.c kernel/time/time.c kernel/time/itimer.c kernel/time/alarmtimer.c "
         "lib/kunit/* lib/crypto/tests/* mm/kasan/*test* mm/kfence/*test* mm/kmsan/*test* arch/*/kvm/* "
         "arch/um/* lib/vdso/* lib/zstd/* lib/raid6/* lib/timerqueue.c lib/radix-tree.c lib/xarray.c"),
    # prints reports, or is on the way to it
    ("report", "kernel/locking/lockdep*.c lib/dump_stack.c kernel/panic.c lib/bug.c mm/kasan/*.c mm/kasan/*.h mm/kfence/*.c "
               "mm/kmsan/*.c mm/kmsan/*.h kernel/kcsan/*.c lib/ubsan.c lib/nmi_backtrace.c kernel/watchdog*.c "
               "kernel/rcu/tree_stall.h kernel/stacktrace.c lib/stackdepot.c kernel/hung_task.c lib/debugobjects.c mm/debug.c "
               "kernel/printk/*.c lib/list_debug.c lib/refcount.c mm/usercopy.c lib/fault-inject*.c lib/smp_processor_id.c "
               "kernel/cfi.c lib/sys_info.c arch/*/kernel/dumpstack*.c arch/*/kernel/stacktrace.c arch/*/kernel/traps.c "
               "arch/*/kernel/traps_32.c arch/*/kernel/traps_64.c arch/*/kernel/unwind*.c arch/*/mm/fault*.c arch/*/mm/extable.c "
               "arch/x86/kernel/apic/hw_nmi.c arch/x86/kernel/nmi.c arch/x86/lib/error-inject.c arch/arm64/mm/mteswap.c "
               "arch/powerpc/kernel/watchdog.c arch/arm64/kernel/mte.c arch/arm64/kernel/debug-monitors.c "
               "arch/x86/kernel/kgdb.c kernel/trace/trace_preemptirq.c kernel/trace/trace_irqsoff.c kernel/notifier.c "
               "mm/kmemleak.c mm/page_owner.c mm/page_ext.c kernel/context_tracking.c kernel/kcov.c kernel/stackleak.c "
               "include/linux/kasan*.h include/linux/instrumented.h include/linux/kmsan*.h include/linux/kcsan*.h "
               "lib/percpu-refcount.c lib/ref_tracker.c"),
    ("lock", "kernel/locking/*.c kernel/locking/*.h include/linux/spinlock*.h include/linux/rwlock*.h include/linux/mutex.h "
             "include/linux/rwsem.h include/linux/seqlock.h include/linux/local_lock*.h include/linux/bit_spinlock.h "
             "include/asm-generic/q*lock*.h include/asm-generic/ticket_spinlock.h arch/*/include/asm/*lock*.h lib/lockref.c "
             "lib/dec_and_lock.c kernel/bpf/rqspinlock.c arch/*/lib/*lock*.c arch/*/kernel/paravirt*.c "
             "arch/*/include/asm/atomic*.h arch/*/include/asm/bitops*.h arch/*/include/asm/cmpxchg*.h arch/*/include/asm/irqflags.h "
             "include/linux/atomic*.h include/linux/atomic/*.h include/asm-generic/bitops/*.h include/linux/bitops.h "
             "include/linux/lockref.h include/linux/percpu-rwsem.h include/linux/preempt.h include/linux/irqflags.h "
             "include/linux/cleanup.h include/linux/rcupdate.h include/linux/srcu.h include/linux/refcount.h include/linux/kref.h"),
    # between an interrupt, an exception or a system call and what handles it
    ("entry", "kernel/entry/*.c include/linux/*entry-common.h arch/*/entry/*.c arch/*/entry/*.S arch/*/kernel/entry*.c "
              "arch/*/kernel/entry*.S arch/*/kernel/irq*.c arch/*/kernel/smp.c arch/*/kernel/nmi.c arch/*/kernel/apic/*.c kernel/irq/handle.c kernel/irq/chip.c kernel/irq/irqdesc.c kernel/irq/spurious.c "
              "kernel/softirq.c drivers/irqchip/*.c kernel/irq_work.c arch/*/kernel/syscall*.c arch/*/kernel/interrupt.c "
              "arch/*/kernel/exceptions*.S arch/*/kernel/head*.S arch/*/kernel/process*.c arch/*/kernel/signal*.c kernel/tracepoint.c "
              "arch/*/kernel/ftrace*.c arch/x86/events/*.c arch/x86/events/intel/core.c arch/x86/events/amd/core.c arch/*/kernel/perf_event*.c "
              "drivers/perf/arm_pmu*.c drivers/perf/*pmuv3.c arch/*/kernel/idle*.c arch/*/xen/*.c arch/x86/kernel/cpu/mshyperv.c drivers/hv/vmbus_drv.c "
              "arch/*/hyperv/*.c arch/x86/lib/retpoline.S"),
    ("idle", "kernel/sched/idle.c drivers/cpuidle/*.c drivers/cpuidle/governors/*.c drivers/idle/*.c drivers/acpi/processor_idle.c "
             "arch/x86/kernel/acpi/cstate.c init/main.c kernel/cpu.c arch/*/kernel/smpboot.c kernel/smpboot.c"),
    ("time", "kernel/time/*.c kernel/time/*.h drivers/clocksource/*.c arch/*/kernel/time*.c arch/x86/kernel/tsc*.c arch/*/lib/delay.* "
             "arch/x86/kernel/hpet.c arch/x86/kernel/pvclock.c arch/x86/kernel/kvmclock.c"),
    ("sched", "kernel/sched/core.c kernel/sched/wait.c kernel/sched/wait_bit.c kernel/sched/completion.c kernel/sched/swait.c "
              "kernel/sched/clock.c include/linux/wait.h include/linux/completion.h include/linux/sched.h"),
    ("rcu", "kernel/rcu/*.c kernel/rcu/*.h"),
    ("work", "kernel/workqueue.c kernel/kthread.c kernel/task_work.c kernel/async.c kernel/stop_machine.c"),
    ("alloc", "mm/slub.c mm/slab.c mm/slob.c mm/slab_common.c mm/slab.h mm/page_alloc.c mm/vmalloc.c mm/util.c mm/percpu*.c "
              "mm/mempool.c mm/dmapool.c mm/page_reporting.c mm/sheaf*.c include/linux/slab.h include/linux/gfp.h include/linux/mm.h mm/page_isolation.c mm/folio.c "
              "mm/maccess.c mm/mempolicy.c mm/numa.c"),
    # the model of devices, and what holds it in files: their users register, remove and look up through it
    ("core", "drivers/base/*.c drivers/base/*/*.c fs/sysfs/*.c fs/kernfs/*.c lib/kobject.c lib/kobject_uevent.c lib/klist.c include/linux/device*.h "
             "drivers/usb/core/urb.c drivers/usb/core/message.c net/core/skbuff.c include/linux/skbuff.h"),
    ("lib", "lib/*.c lib/*/*.c lib/*.S arch/*/lib/*.c arch/*/lib/*.S arch/*/mm/physaddr.c rust/helpers/*.c include/linux/list*.h include/linux/rculist*.h include/linux/rhashtable.h "
            "include/linux/string.h include/linux/fortify-string.h include/linux/uaccess.h arch/*/include/asm/uaccess*.h include/linux/uio.h "
            "include/linux/xarray.h include/linux/idr.h include/linux/cpumask*.h include/linux/bitmap.h include/linux/find.h "
            "include/linux/hash*.h include/linux/jhash.h include/linux/siphash.h include/linux/rbtree*.h include/linux/err.h "
            "include/linux/math64.h include/linux/unaligned*.h include/linux/byteorder/*.h include/linux/kobject.h"),
]
AREAS = [(area, patterns.split()) for area, patterns in AREAS]

WORDS = set("if for while switch return sizeof do else defined typeof case asm __asm__ BUILD_BUG_ON static_assert".split())
DEFINITION = re.compile(r"^(?:[A-Za-z_][\w \t*]*[ \t*])?(\w+)\s*\((?!\*)")
ATTRIBUTE = re.compile(r"__\w+\s*\(\([^()]*(?:\([^()]*\))?[^()]*\)\)|__(?:printf|acquires|releases|must_hold|cond_acquires|diagnose_as|counted_by)\s*\([^()]*\)")
ASSEMBLY = re.compile(r"^\s*(?:SYM_\w*START\w*|ENTRY|SYM_INNER_LABEL\w*|GLOBAL|ENTRY_NP|NESTED|LEAF|FEXPORT|_GLOBAL(?:_TOC)?|EXC_COMMON|AENTRY|RPENTRY)\s*\(\s*(\w+)|^(?:idtentry\w*|kernel_ventry)\s+\S+\s+(?:asm_)?(\w+)")
MACRO = re.compile(r"^(?:DEFINE_IDTENTRY\w*|DECLARE_IDTENTRY\w*|DEFINE_FREDENTRY\w*|DEFINE_INTERRUPT_HANDLER\w*)\s*\((?:[^,()]*,\s*)?(\w+)\)")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


# What is no part of the kernel's image.
NOT_LINKED = ("/boot/", "/purgatory/", "/vdso", "/libstub/", "/realmode/", "/nvhe/")


def area(path):
    for name, patterns in AREAS:
        if any(fnmatchcase(path, pattern) and path.count("/") == pattern.count("/") for pattern in patterns):
            return name
    return ""


def names(text, assembly):
    """Returns the functions that a file defines, and whether each is global."""
    found = {}
    lines = COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text).split("\n")
    for number, line in enumerate(lines):
        if assembly:
            label = ASSEMBLY.match(line)
            if label:
                found[label.group(1) or label.group(2)] = True
            continue
        if not line or not (line[0].isalpha() or line[0] == "_"):
            continue
        macro = MACRO.match(line)
        if macro:
            found[macro.group(1)] = True
            continue
        definition = DEFINITION.match(ATTRIBUTE.sub("", line))
        if not definition or definition.group(1) in WORDS:
            continue
        if ";" in line and "{" not in line:
            continue
        for below in lines[number:number + 10]:
            if below.startswith("{") or (below is line and line.rstrip().endswith("}")) or (below is line and line.rstrip().endswith("{")):
                static = line.startswith("static") or number > 0 and lines[number - 1].startswith("static") and ";" not in lines[number - 1]
                found[definition.group(1)] = not static
                break
            if below is not line and (";" in below or below == "" or below.startswith("#")):
                break
    return found


def read(tree, everything):
    inside, shared, outside = {}, set(), set()
    for folder, folders, files in os.walk(tree):
        folders[:] = sorted(f for f in folders if not (folder == tree and f in ("tools", "scripts", "samples", "Documentation", "usr", "debian")))
        for file in sorted(files):
            if not file.endswith((".c", ".h", ".S")):
                continue
            path = os.path.relpath(os.path.join(folder, file), tree)
            where = area(path)
            if any(part in path for part in NOT_LINKED):
                continue
            if not where and (not everything or not file.endswith(".c") or "/test" in path or "test" in file):
                continue
            with open(os.path.join(tree, path), encoding="latin-1") as source:
                for name, visible in names(source.read(), file.endswith(".S")).items():
                    if where:
                        inside.setdefault(name, where)
                        if visible and file.endswith(".c"):
                            shared.add(name)
                    else:
                        outside.add(name)
    return inside, shared, outside


def version(tree):
    with open(os.path.join(tree, "Makefile"), encoding="utf-8") as makefile:
        values = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d*)$", makefile.read(), re.M))
    return ".".join(values[key] for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))


def main():
    trees = sys.argv[1:]
    if not trees:
        sys.exit(__doc__)
    inside, shared, outside = {}, set(), set()
    for tree in trees:
        some, visible, other = read(tree, tree == trees[-1])
        for name, where in some.items():
            inside[name] = where
        shared |= visible
        outside |= other
    print("# SPDX-License-Identifier: Apache-2.0")
    print("# Functions of the kernel's infrastructure, by where the kernel defines them. Written by src/main/functions/generate.py")
    print("# from Linux " + ", ".join(version(tree) for tree in trees) + ": a line has an area and names.")
    for where in dict.fromkeys(name for name, _ in AREAS if name):
        chosen = sorted(n for n, a in inside.items() if a == where and (n in shared or n not in outside) and len(n) > 2)
        line = ""
        for name in chosen:
            if len(line) + len(name) > 150:
                print(where + line)
                line = ""
            line += " " + name
        if line:
            print(where + line)


main()
