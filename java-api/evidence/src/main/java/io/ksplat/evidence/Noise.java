// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/** Messages that an experiment itself makes the kernel print. They are not evidence if the caller says that it causes them. */
public enum Noise {
    /** An injected NMI that no handler claimed (unknown_nmi_error, arch/x86/kernel/nmi.c). */
    UNKNOWN_NMI("NMI received for unknown reason", true),
    /** An injected NMI on microvm, reported as a PCI system error (pci_serr_error, same file). */
    PCI_SERR("NMI: PCI system error (SERR)", true),
    /** An injected NMI on other machines, reported as an IO check error (io_check_error, same file). */
    IO_CHECK("NMI: IOCK error (debug interrupt?)", true),
    /** {@code INFO: NMI handler (%ps) took too long to run}. Never evidence: a busy machine prints it too. */
    SLOW_NMI("took too long to run", false),
    /** Backtraces requested with sysrq-l or sysrq-t (sysrq_handle_showallcpus, drivers/tty/sysrq.c). Never evidence. */
    SYSRQ_BACKTRACE("sysrq: Show ", false),
    /** Backtraces requested with sysrq before 5.1. Never evidence. */
    OLD_SYSRQ_BACKTRACE("SysRq : Show ", false);

    private final String keyword;
    private final boolean evidence;

    Noise(String keyword, boolean evidence) {
        this.keyword = keyword;
        this.evidence = evidence;
    }

    /** Returns a literal that the first line contains. */
    public String keyword() {
        return keyword;
    }

    /** Returns whether the message is evidence if the caller did not cause it. */
    public boolean isEvidenceUnlessCaused() {
        return evidence;
    }
}
