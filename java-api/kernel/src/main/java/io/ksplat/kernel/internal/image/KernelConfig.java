// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/** The configuration of a kernel: options without {@code CONFIG_}, and their values. An option that is not set is not in it. */
public record KernelConfig(Map<String, String> values) {
    /** Parses a {@code .config} file. */
    public static KernelConfig parse(String text) {
        Map<String, String> values = new LinkedHashMap<>();
        text.lines().filter(l -> l.startsWith("CONFIG_") && l.contains("=")).forEach(l -> {
            int equals = l.indexOf('=');
            values.put(l.substring(7, equals), l.substring(equals + 1));
        });
        return new KernelConfig(values);
    }

    boolean builtIn(String option) {
        return "y".equals(values.get(option));
    }

    /** Finds the configuration in a kernel with CONFIG_IKCONFIG (kernel/configs.c). */
    static Optional<String> embedded(byte[] vmlinux) throws IOException {
        byte[] mark = "IKCFG_ST\u001f\u008b".getBytes(StandardCharsets.ISO_8859_1);
        for (int at = 0; at + mark.length < vmlinux.length; at++) {
            if (vmlinux[at] == mark[0] && Arrays.equals(vmlinux, at, at + mark.length, mark, 0, mark.length)) {
                int start = at + 8;
                try (GZIPInputStream in =
                        new GZIPInputStream(new ByteArrayInputStream(vmlinux, start, vmlinux.length - start))) {
                    return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
        }
        return Optional.empty();
    }
}
