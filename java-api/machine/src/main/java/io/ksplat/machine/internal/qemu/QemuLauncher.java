// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.ServiceLoader;

/**
 * A place beside this host where QEMU runs, a container say. It is reached over TCP alone: no file and no process of it is this
 * host's. Machines there boot cold; what needs their memory as a file, or QEMU as a process of this host, is refused: templates,
 * anchors, dumps, machines that are kept.
 */
public interface QemuLauncher {
    /** How it is called in messages. */
    String name();

    /** What is different where its accelerator or its programs are: part of the key of what is remembered of it. */
    String key();

    /** Whether /dev/kvm can be opened there; whether it boots a kernel is found by booting one. */
    boolean offersKvm() throws IOException;

    /**
     * Starts the guard with a QEMU.
     *
     * @throws IOException with the reason, where nothing was started, and nothing is left
     */
    Running start(LaunchSpec command) throws IOException;

    /** What was started: it ends when it is closed, and by itself when the connection to {@link Channel#GUARD} ends. */
    interface Running extends AutoCloseable {
        /** Where to connect to; the wires are there from the beginning. */
        InetSocketAddress address(Channel wire) throws IOException;

        /** What QEMU and its guard wrote to stderr, the end of it where it is long. */
        String stderr() throws IOException;

        /** Ends it and waits until nothing of it is left. */
        @Override
        void close() throws IOException;
    }

    /** Makes sites of one kind; found by {@link ServiceLoader}. */
    interface Kind {
        /** Such as {@code container}. */
        String id();

        /**
         * A site.
         *
         * @param place which of that kind: an image's name, say
         */
        QemuLauncher at(String place) throws IOException;
    }

    /**
     * A site of a kind that is on the class path.
     *
     * @throws MachineException where it is not
     */
    static QemuLauncher of(String kind, String place) throws IOException {
        List<Kind> kinds = ServiceLoader.load(Kind.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(candidate -> candidate.id().equals(kind))
                .toList();
        if (kinds.size() != 1) {
            throw new MachineException("machines cannot run in a " + kind + ": " + kinds.size()
                    + " libraries on the class path know how; have io.ksplat:ksplat-" + kind + " there, once");
        }
        return kinds.get(0).at(place);
    }
}
