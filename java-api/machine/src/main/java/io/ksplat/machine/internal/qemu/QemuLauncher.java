// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.ServiceLoader;

/**
 * Starts QEMU elsewhere than on this host, for example in a container. It is reached only over TCP: this host has none of its files
 * and processes. Machines there are always booted. Whatever needs their memory as a file, or QEMU as a process of this host, is
 * refused: templates, anchors, dumps, kept machines.
 */
public interface QemuLauncher {
    /** Returns its name in messages. */
    String name();

    /** Returns a key that differs if its accelerator or its programs may differ; what is cached about it is stored under it. */
    String key();

    /** Returns whether /dev/kvm can be opened there. Whether KVM boots a kernel is found out by booting one. */
    boolean offersKvm() throws IOException;

    /**
     * Starts the guard, which starts QEMU.
     *
     * @throws IOException with the reason, if nothing was started; nothing is left behind then
     */
    Running start(LaunchSpec command) throws IOException;

    /** A started machine. It ends when it is closed, or when the connection to {@link Channel#GUARD} ends. */
    interface Running extends AutoCloseable {
        /** Returns the address of a channel; every channel accepts connections from the start. */
        InetSocketAddress address(Channel channel) throws IOException;

        /** Returns what QEMU and its guard wrote to stderr, or its end if it is long. */
        String stderr() throws IOException;

        /** Ends it and waits until it is gone. */
        @Override
        void close() throws IOException;
    }

    /** Makes launchers of one kind; found by {@link ServiceLoader}. */
    interface Kind {
        /** Returns its name, for example {@code container}. */
        String id();

        /**
         * Makes a launcher.
         *
         * @param place which one of this kind, for example the name of a container image
         */
        QemuLauncher at(String place) throws IOException;
    }

    /**
     * Makes a launcher of a kind that is on the class path.
     *
     * @throws MachineException if it is not on the class path, or more than once
     */
    static QemuLauncher of(String kind, String place) throws IOException {
        List<Kind> kinds = ServiceLoader.load(Kind.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(candidate -> candidate.id().equals(kind))
                .toList();
        if (kinds.size() != 1) {
            throw new MachineException("cannot run machines in a " + kind + ": " + kinds.size()
                    + " libraries on the class path support it; add io.ksplat:ksplat-" + kind + " exactly once");
        }
        return kinds.get(0).at(place);
    }
}
