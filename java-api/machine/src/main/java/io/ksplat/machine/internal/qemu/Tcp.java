// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** Connects to a machine that runs elsewhere, without Nagle's algorithm: requests and answers are short. */
final class Tcp {
    private Tcp() {}

    static SocketChannel connect(InetSocketAddress address, Duration patience) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.socket().connect(address, Math.toIntExact(patience.toMillis()));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw new MachineException("cannot connect to the machine at " + address + ": " + e.getMessage(), e);
        }
    }
}
