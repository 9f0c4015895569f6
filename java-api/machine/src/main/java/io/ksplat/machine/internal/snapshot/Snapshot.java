// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.machine.internal.Guest;
import java.io.IOException;

/**
 * A machine that was frozen in the middle of an experiment, with programs loaded and processes running. Any number of machines go on
 * from there. It lives as long as this object: nothing of it is left when this process ends, however it ends.
 */
public final class Snapshot implements AutoCloseable {
    private final Guest frozen;
    private final Template template;

    private Snapshot(Guest frozen, Template template) {
        this.frozen = frozen;
        this.template = template;
    }

    /**
     * Freezes a guest and ends it; from now on it is this object's to close.
     *
     * @param guest that {@link TemplateStore#startOwn} gave
     * @throws Template.Splatted where it may not be frozen; then it is as it was, and still the caller's
     */
    public static Snapshot of(Guest guest) throws IOException {
        return new Snapshot(guest, Template.freezeOwn(guest));
    }

    Template template() {
        return template;
    }

    /** Removes the files; machines that were restored from them live on. */
    @Override
    public void close() throws IOException {
        frozen.close();
    }
}
