// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Two connected Unix sockets: the near one for the class under test, the far one for the test. */
public record SocketPair(SocketChannel near, SocketChannel far) implements AutoCloseable {

    public static SocketPair open() throws IOException {
        Path folder = Files.createTempDirectory("ksplat-pair-");
        Path path = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            SocketChannel near = SocketChannel.open(UnixDomainSocketAddress.of(path));
            return new SocketPair(near, server.accept());
        } finally {
            Files.deleteIfExists(path);
            Files.delete(folder);
        }
    }

    @Override
    public void close() throws IOException {
        near.close();
        far.close();
    }
}
