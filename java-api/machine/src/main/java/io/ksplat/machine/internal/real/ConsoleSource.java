// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

/** Where a real machine's console comes from. */
public sealed interface ConsoleSource {
    /** A command prints it: {@code ipmitool ... sol activate}, {@code conserver console rack7}. */
    record Command(String line) implements ConsoleSource {}

    /** A serial device of this host. */
    record Serial(String device, int baud) implements ConsoleSource {}

    /** The machine sends it to a UDP port of this host. */
    record Netconsole(int port) implements ConsoleSource {}

    /** The kernel's log, over the connection: it says nothing once the machine is dead. */
    record Kmsg() implements ConsoleSource {}

    /** Returns what it is, in words. */
    default String inWords() {
        if (this instanceof Command command) {
            return "the command \"" + command.line() + "\"";
        }
        if (this instanceof Serial serial) {
            return "the serial device " + serial.device() + " at " + serial.baud() + " baud";
        }
        return this instanceof Netconsole net ? "netconsole, UDP port " + net.port() : "/dev/kmsg over the connection";
    }
}
