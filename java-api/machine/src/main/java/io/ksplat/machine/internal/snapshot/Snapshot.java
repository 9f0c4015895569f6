// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.machine.internal.Guest;
import java.io.IOException;

/**
 * A machine that was frozen in the middle of an experiment, with programs loaded and processes running. Any number of machines can
 * be restored from it. Its files are removed when this object is closed or this process ends, also if it is killed.
 */
public final class Snapshot implements AutoCloseable {
    private final Guest frozen;
    private final Template template;

    private Snapshot(Guest frozen, Template template) {
        this.frozen = frozen;
        this.template = template;
    }

    /**
     * Freezes a guest and ends it; the snapshot owns it from then on.
     *
     * @param guest from {@link TemplateStore#startOwn}
     * @throws Template.Splatted if it may not be frozen; it is unchanged then, and still the caller's
     */
    public static Snapshot of(Guest guest) throws IOException {
        return new Snapshot(guest, Template.freezeOwn(guest));
    }

    Template template() {
        return template;
    }

    /** Removes the files; machines that were restored from them keep running. */
    @Override
    public void close() throws IOException {
        frozen.close();
    }
}
