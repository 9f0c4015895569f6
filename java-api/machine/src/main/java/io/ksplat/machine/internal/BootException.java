// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A kernel that did not come up. The message ends with the last words of its console. */
public final class BootException extends MachineException {
    private static final long serialVersionUID = 1;

    public BootException(String message, Path console) {
        super("the kernel did not boot: " + message + consoleSays(console));
    }

    private static String consoleSays(Path console) {
        try {
            List<String> lines = Files.readString(console, StandardCharsets.ISO_8859_1)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            String panic = lines.stream()
                    .filter(line -> line.contains("Kernel panic") && !line.contains("end Kernel panic"))
                    .findFirst()
                    .orElse(lines.isEmpty() ? "nothing" : lines.get(lines.size() - 1));
            return "; its console says: " + panic.strip();
        } catch (IOException e) {
            return "; its console cannot be read: " + e.getMessage();
        }
    }
}
