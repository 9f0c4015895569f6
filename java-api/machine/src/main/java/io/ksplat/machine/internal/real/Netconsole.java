// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.DatagramChannel;

/**
 * Hears a machine's kernel over UDP (Documentation/networking/netconsole.rst), and has it speak: the sender is set up over the connection,
 * through configfs, and taken down at the end. Only what comes from the machine's own address is heard.
 */
final class Netconsole implements ByteChannel {
    private static final String FOLDER = "/sys/kernel/config/netconsole/ksplat";

    private final MachineEntry entry;
    private final Reach reach;
    private final DatagramChannel socket;
    private final InetAddress sender;
    private final ByteBuffer packet = ByteBuffer.allocate(64 << 10).flip();

    private Netconsole(MachineEntry entry, Reach reach, DatagramChannel socket, InetAddress sender) {
        this.entry = entry;
        this.reach = reach;
        this.socket = socket;
        this.sender = sender;
    }

    static Netconsole open(MachineEntry entry, Reach reach, int port) throws IOException {
        if (entry.ssh().isEmpty()) {
            throw new MachineException(
                    "netconsole needs another machine to listen on: " + entry.name() + " is this one");
        }
        DatagramChannel socket = DatagramChannel.open();
        try {
            socket.bind(new InetSocketAddress(port));
        } catch (IOException e) {
            socket.close();
            throw new MachineException("cannot listen for netconsole on UDP port " + port + ": " + e.getMessage(), e);
        }
        try {
            // SSH_CONNECTION: client's address and port, server's address and port, as the machine sees them.
            String told = reach.output("setting netconsole up", setUp(port));
            String[] addresses =
                    told.lines().reduce((first, last) -> last).orElse("").split(" ", -1);
            if (!addresses[0].startsWith("ksplat:") || addresses.length != 2) {
                throw new MachineException(
                        "setting netconsole up on " + entry.name() + " failed: it says \"" + told + "\"");
            }
            return new Netconsole(entry, reach, socket, InetAddress.getByName(addresses[1]));
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static String setUp(int port) {
        return String.join(
                "\n",
                "set -eu",
                "fail() { echo \"$1\" >&2; exit 1; }",
                "set -- ${SSH_CONNECTION:?the connection has no addresses}",
                "to=$1 from=$3",
                "dev=$(ip -o route get \"$to\" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')",
                "via=$(ip -o route get \"$to\" | sed -n 's/.* via \\([^ ]*\\).*/\\1/p')",
                "mac=$(ip -o neigh show \"${via:-$to}\" dev \"$dev\" | sed -n 's/.* lladdr \\([^ ]*\\).*/\\1/p' | head -n1)",
                "[ -n \"$mac\" ] || fail \"no link address of ${via:-$to} on $dev\"",
                "modprobe netconsole || fail \"this kernel has no netconsole (CONFIG_NETCONSOLE)\"",
                "mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config",
                "[ -d /sys/kernel/config/netconsole ] || fail \"netconsole has no targets at run time (CONFIG_NETCONSOLE_DYNAMIC)\"",
                "t=" + FOLDER,
                "[ ! -d $t ] || { echo 0 >$t/enabled 2>/dev/null || :; rmdir $t; }",
                "mkdir $t",
                "echo \"$dev\" >$t/dev_name; echo \"$from\" >$t/local_ip; echo \"$to\" >$t/remote_ip",
                "echo " + port + " >$t/remote_port; echo \"$mac\" >$t/remote_mac; echo 0 >$t/extended",
                "echo 1 >$t/enabled || fail \"netconsole cannot be enabled on $dev: its driver may not poll\"",
                "echo \"ksplat: $from\"");
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        while (!packet.hasRemaining()) {
            packet.clear();
            SocketAddress from = socket.receive(packet);
            packet.flip();
            if (!(from instanceof InetSocketAddress address)
                    || !address.getAddress().equals(sender)) {
                packet.limit(0);
            }
        }
        int count = Math.min(to.remaining(), packet.remaining());
        ByteBuffer part = packet.duplicate();
        part.limit(part.position() + count);
        to.put(part);
        packet.position(packet.position() + count);
        return count;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        throw new IOException("nothing can be typed on a netconsole");
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        if (!socket.isOpen()) {
            return;
        }
        socket.close();
        try {
            reach.run("echo 0 >" + FOLDER + "/enabled && rmdir " + FOLDER, new byte[0]);
        } catch (IOException e) {
            // Of a machine that is dead, or no longer reached: it sends into the void until its next boot.
            org.slf4j.LoggerFactory.getLogger(Netconsole.class).debug("netconsole of {}", entry.name(), e);
        }
    }
}
