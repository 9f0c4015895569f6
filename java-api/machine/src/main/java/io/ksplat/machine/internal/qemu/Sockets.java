// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.nio.file.Path;

/** The sockets on which ksplat listens; QEMU connects once to each. */
public record Sockets(Listener qmp, Listener console, Listener agent) implements AutoCloseable {

    static Sockets in(Path folder) throws IOException {
        Listener qmp = new Listener(folder.resolve("qmp"));
        Listener console = null;
        try {
            console = new Listener(folder.resolve("console"));
            return new Sockets(qmp, console, new Listener(folder.resolve("agent")));
        } catch (IOException e) {
            qmp.close();
            if (console != null) {
                console.close();
            }
            throw e;
        }
    }

    /** Returns a path in their folder. */
    public Path beside(String name) {
        return qmp.path().resolveSibling(name);
    }

    public QemuCommandLine.Calls calls() {
        return new QemuCommandLine.Calls(qmp.path(), console.path(), agent.path());
    }

    @Override
    public void close() throws IOException {
        try {
            qmp.close();
        } finally {
            try {
                console.close();
            } finally {
                agent.close();
            }
        }
    }
}
