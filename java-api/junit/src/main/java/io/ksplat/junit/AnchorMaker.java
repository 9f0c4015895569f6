// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.machine.Landing;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.nmi.Anchor;
import io.ksplat.machine.internal.nmi.AnchorPlan;
import io.ksplat.machine.internal.snapshot.Template;
import io.ksplat.results.KernelName;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;

/** Freezes the machine of a run just before its NMI, for a sweep: such a run is not judged. */
final class AnchorMaker {
    private final Settings.Anchoring anchoring;
    private final Lab lab;
    private final Subject subject;
    private final KernelName kernel;
    private final Staging staging;
    private boolean made;

    AnchorMaker(Settings.Anchoring anchoring, Lab lab, Subject subject, KernelName kernel, Staging staging) {
        this.anchoring = anchoring;
        this.lab = lab;
        this.subject = subject;
        this.kernel = kernel;
        this.staging = staging;
    }

    AnchorPlan plan(Supplier<Rig> rig) {
        return new AnchorPlan(anchoring.symbol(), anchoring.hit(), where -> make(where, rig.get()));
    }

    private void make(Landing where, Rig rig) throws IOException {
        Guest standing = staging.guest().orElseThrow();
        Anchor anchor = new Anchor(
                subject.id(),
                kernel.spec(),
                kernel.key(),
                qemu(),
                anchoring.symbol(),
                where.cpu(),
                staging.cpus(),
                staging.memoryMiB(),
                rig.controls().positions(),
                rig.programs().stream()
                        .map(jited -> new Anchor.Program(jited.name(), jited.address(), jited.size()))
                        .toList());
        Template.freezeStanding(standing, anchoring.folder());
        anchor.write(anchoring.folder());
        made = true;
    }

    private String qemu() throws IOException {
        try {
            return lab.host().programs().qemuVersion();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking QEMU for its version", e);
        }
    }

    /**
     * That there is one.
     *
     * @param thrown by the test method
     * @throws IOException why there is none
     */
    void checkMade(Optional<Throwable> thrown) throws IOException {
        if (!made) {
            throw new IOException(
                    thrown.map(Throwable::getMessage)
                            .orElse(subject.id() + " aims no NMI: there is nothing in its place to freeze at"),
                    thrown.orElse(null));
        }
    }
}
