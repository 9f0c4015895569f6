// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import io.ksplat.kernel.internal.UserFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reads machines.toml, a table a machine. */
public final class MachinesFile {
    /** The name of the machine that this process runs on. */
    public static final String LOCAL = "local";

    private static final String SSH = "ssh:";

    private static final Set<String> KEYS = new TreeSet<>(
            Set.of("ssh", "ssh-options", "sacrificial", "console", "nmi", "reset", "boot", "boot-seconds", "slowness"));
    private static final Set<String> CONSOLE_KEYS = new TreeSet<>(Set.of("serial", "baud", "netconsole", "kmsg"));

    private static final int NETCONSOLE_PORT = 6666;
    private static final int BAUD = 115_200;
    private static final int SLOWEST = 100;

    private final Path file;

    public MachinesFile(Path file) {
        this.file = file;
    }

    /** Returns the file in the user's configuration folder. */
    public static MachinesFile standard() {
        return new MachinesFile(UserFolders.CONFIG.ksplat().resolve("machines.toml"));
    }

    /**
     * Returns the machine of a target.
     *
     * @param target {@code local}, {@code ssh:USER@HOST}, or the name of an entry
     * @throws IllegalArgumentException in one line, if there is none, or the file says something that makes no sense
     */
    public MachineEntry find(String target) throws IOException {
        if (target.equals(LOCAL)) {
            return MachineEntry.here();
        }
        if (target.startsWith(SSH)) {
            return MachineEntry.at(destination("--on " + target, target.substring(SSH.length())));
        }
        if (!Files.exists(file)) {
            throw new IllegalArgumentException("--on " + target + ": there is no " + file
                    + ": describe the machine there, or name local or ssh:USER@HOST");
        }
        JsonNode all = read();
        JsonNode entry = all.get(target);
        if (entry == null) {
            throw new IllegalArgumentException(
                    "--on " + target + ": " + file + " has no machine of this name; it has " + names(all.fieldNames()));
        }
        return entry(target, entry);
    }

    private JsonNode read() throws IOException {
        try {
            return new TomlMapper().readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    file + ": line "
                            + (e.getLocation() == null ? "?" : e.getLocation().getLineNr()) + ": "
                            + e.getOriginalMessage(),
                    e);
        }
    }

    private static List<String> names(Iterator<String> names) {
        List<String> all = new ArrayList<>();
        names.forEachRemaining(all::add);
        return all;
    }

    private MachineEntry entry(String name, JsonNode table) {
        String where = file + ": [" + name + "]";
        if (!table.isObject()) {
            throw new IllegalArgumentException(where + " must be a table: [" + name + "], and its keys below");
        }
        known(where, table, KEYS);
        return new MachineEntry(
                name,
                Optional.of(destination(
                        where,
                        text(where, table, "ssh")
                                .orElseThrow(() -> new IllegalArgumentException(
                                        where + " has no ssh: say how to reach it, ssh = \"root@host\"")))),
                list(where, table, "ssh-options"),
                flag(where, table, "sacrificial"),
                console(where, table.get("console")),
                text(where, table, "nmi"),
                text(where, table, "reset"),
                text(where, table, "boot"),
                table.has("boot-seconds")
                        ? Duration.ofSeconds(number(where, table, "boot-seconds", 1, 86_400))
                        : MachineEntry.BOOT,
                table.has("slowness") ? number(where, table, "slowness", 1, SLOWEST) : 1);
    }

    /** A destination that begins with a dash would be an option of ssh's. */
    private static String destination(String where, String text) {
        if (!text.matches("[^-\\s][^\\s]*")) {
            throw new IllegalArgumentException(where + ": \"" + text + "\" is no destination for ssh: USER@HOST");
        }
        return text;
    }

    private static void known(String where, JsonNode table, Set<String> keys) {
        for (Map.Entry<String, JsonNode> field : table.properties()) {
            if (!keys.contains(field.getKey())) {
                throw new IllegalArgumentException(where + ": " + field.getKey() + " is none of " + keys);
            }
        }
    }

    private static ConsoleSource console(String where, @org.jspecify.annotations.Nullable JsonNode node) {
        if (node == null) {
            return new ConsoleSource.Kmsg();
        }
        if (node.isTextual() && !node.textValue().isBlank()) {
            return new ConsoleSource.Command(node.textValue());
        }
        if (!node.isObject()) {
            throw new IllegalArgumentException(
                    where + ": console is a command, or a table with one of serial, netconsole, kmsg");
        }
        known(where + ": console", node, CONSOLE_KEYS);
        Optional<String> serial = text(where, node, "serial");
        int given = (serial.isPresent() ? 1 : 0) + (node.has("netconsole") ? 1 : 0) + (node.has("kmsg") ? 1 : 0);
        if (given != 1 || (node.has("baud") && serial.isEmpty())) {
            throw new IllegalArgumentException(
                    where
                            + ": console has exactly one of serial (with baud, if it is not 115200), netconsole = PORT, kmsg = true");
        }
        if (serial.isPresent()) {
            return new ConsoleSource.Serial(
                    serial.get(), node.has("baud") ? number(where, node, "baud", 50, 4_000_000) : BAUD);
        }
        if (node.has("kmsg")) {
            if (!flag(where, node, "kmsg")) {
                throw new IllegalArgumentException(where + ": console.kmsg is true, or is not given");
            }
            return new ConsoleSource.Kmsg();
        }
        return new ConsoleSource.Netconsole(
                node.get("netconsole").isBoolean() ? NETCONSOLE_PORT : number(where, node, "netconsole", 1, 65_535));
    }

    private static Optional<String> text(String where, JsonNode table, String key) {
        JsonNode value = table.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isTextual() || value.textValue().isBlank()) {
            throw new IllegalArgumentException(where + ": " + key + " is a text in quotes, not " + value);
        }
        return Optional.of(value.textValue());
    }

    private static boolean flag(String where, JsonNode table, String key) {
        JsonNode value = table.get(key);
        if (value != null && !value.isBoolean()) {
            throw new IllegalArgumentException(where + ": " + key + " is true or false, not " + value);
        }
        return value != null && value.booleanValue();
    }

    private static int number(String where, JsonNode table, String key, int least, int most) {
        JsonNode value = table.get(key);
        if (!value.isIntegralNumber() || value.longValue() < least || value.longValue() > most) {
            throw new IllegalArgumentException(
                    where + ": " + key + " is a number from " + least + " to " + most + ", not " + value);
        }
        return value.intValue();
    }

    private static List<String> list(String where, JsonNode table, String key) {
        JsonNode value = table.get(key);
        List<String> all = new ArrayList<>();
        if (value != null) {
            if (!value.isArray()) {
                throw new IllegalArgumentException(where + ": " + key + " is a list of texts, not " + value);
            }
            for (JsonNode each : value) {
                if (!each.isTextual()) {
                    throw new IllegalArgumentException(where + ": " + key + " is a list of texts, not " + value);
                }
                all.add(each.textValue());
            }
        }
        return all;
    }
}
