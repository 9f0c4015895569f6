// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** A Unix socket to which QEMU connects once. */
final class Listener implements AutoCloseable {
    private final Path path;
    private final ServerSocketChannel server;
    private final Selector selector;

    Listener(Path path) throws IOException {
        this.path = path;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        this.selector = Selector.open();
        server.bind(UnixDomainSocketAddress.of(path), 1);
        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
    }

    Path path() {
        return path;
    }

    /**
     * Waits for the connection.
     *
     * @throws MachineException.Gone if {@code qemu} ends first
     */
    SocketChannel accept(QemuProcess qemu, Deadline deadline) throws IOException {
        var wake = qemu.exit().thenRun(selector::wakeup);
        try {
            while (true) {
                SocketChannel channel = server.accept();
                if (channel != null) {
                    return channel;
                }
                if (qemu.exit().isDone()) {
                    throw new MachineException.Gone("QEMU ended before it was up: " + qemu.exitMessage());
                }
                if (deadline.expired()) {
                    throw new MachineException.Late(
                            "QEMU did not connect to " + path + " in time: " + qemu.exitMessage());
                }
                selector.select(deadline.remainingMillis());
                selector.selectedKeys().clear();
            }
        } finally {
            wake.cancel(false);
        }
    }

    @Override
    public void close() throws IOException {
        selector.close();
        server.close();
        Files.deleteIfExists(path);
    }
}
