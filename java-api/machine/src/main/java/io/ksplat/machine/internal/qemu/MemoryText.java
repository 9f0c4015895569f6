// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.util.regex.Pattern;

/** Parses the output of the monitor's {@code x} and {@code xp} in format {@code xb} (QEMU's monitor/hmp-cmds-target.c). */
final class MemoryText {
    private static final Pattern BYTE = Pattern.compile("0x[0-9a-f]{2}");

    private MemoryText() {}

    static byte[] parse(String text, long address, int length) throws MachineException {
        byte[] bytes = new byte[length];
        int count = 0;
        for (String line : text.lines().toList()) {
            int colon = line.indexOf(':');
            for (String word : line.substring(colon + 1).strip().split(" ", -1)) {
                if (BYTE.matcher(word).matches() && count < length) {
                    bytes[count++] = (byte) Integer.parseInt(word.substring(2), 16);
                }
            }
        }
        if (count != length) {
            throw new MachineException(
                    "QEMU cannot read guest address 0x" + Long.toHexString(address) + ": " + text.strip());
        }
        return bytes;
    }
}
