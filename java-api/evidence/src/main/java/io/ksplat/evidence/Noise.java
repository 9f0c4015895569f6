// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/** What an experiment itself makes a kernel say. It is not evidence while the experimenter says that it caused it. */
public enum Noise {
    /** An injected NMI that no handler claimed (unknown_nmi_error, arch/x86/kernel/nmi.c). */
    UNKNOWN_NMI("NMI received for unknown reason", true),
    /** An injected NMI on microvm reads as a PCI system error (pci_serr_error, same file). */
    PCI_SERR("NMI: PCI system error (SERR)", true),
    /** The same on other machines (io_check_error, same file). */
    IO_CHECK("NMI: IOCK error (debug interrupt?)", true),
    /** {@code INFO: NMI handler (%ps) took too long to run}: a busy machine says so too, so it is never evidence. */
    SLOW_NMI("took too long to run", false),
    /** Backtraces that were asked for with sysrq-l or sysrq-t (sysrq_handle_showallcpus, drivers/tty/sysrq.c): never evidence. */
    SYSRQ_BACKTRACE("sysrq: Show ", false),
    /** The same before 5.1. */
    OLD_SYSRQ_BACKTRACE("SysRq : Show ", false);

    private final String keyword;
    private final boolean evidence;

    Noise(String keyword, boolean evidence) {
        this.keyword = keyword;
        this.evidence = evidence;
    }

    /** What its first line holds. */
    public String keyword() {
        return keyword;
    }

    /** Whether it means something where nobody caused it. */
    public boolean isEvidenceUnlessCaused() {
        return evidence;
    }
}
