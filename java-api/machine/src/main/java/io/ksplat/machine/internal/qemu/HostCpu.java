// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Describes the host's processor by the first entry of /proc/cpuinfo (arch/x86/kernel/cpu/proc.c). */
public final class HostCpu {
    private HostCpu() {}

    /** Returns model, stepping, microcode and features. */
    public static String description() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.takeWhile(line -> !line.isBlank())
                    .filter(line ->
                            line.matches("(vendor_id|cpu family|model|model name|stepping|microcode|flags)\\s*:.*"))
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
