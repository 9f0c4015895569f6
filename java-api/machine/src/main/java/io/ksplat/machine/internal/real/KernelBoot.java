// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/**
 * Has a real machine boot a kernel, once: by its entry's command, else by kexec. A power cycle brings the machine's own kernel back. That it
 * is the one that answers is proven by its release, and by a token on its boot line that only this boot has.
 */
final class KernelBoot {
    private static final String TOKEN = "ksplat.boot=";
    private static final Duration PUT = Duration.ofMinutes(5);
    private static final Duration COMMAND = Duration.ofMinutes(10);

    /** It outlives a reset: the same kernel is booted again then, and what it needs takes a slow machine minutes to make. */
    private static final String FOLDER = "/var/lib/ksplat-boot";

    /** Says that a folder of modules is not the machine's own. */
    private static final String MARK = ".ksplat";

    /** Removes what earlier boots needed. */
    private static final String CLEAN = "rm -rf " + FOLDER + "; for m in /lib/modules/*/" + MARK
            + "; do [ ! -e \"$m\" ] || rm -rf \"${m%/" + MARK + "}\"; done";

    private static final String FAIL = "fail() { echo \"$1\" >&2; exit 1; }";

    private final MachineEntry entry;
    private final Reach reach;

    KernelBoot(MachineEntry entry, Reach reach) {
        this.entry = entry;
        this.reach = reach;
    }

    /**
     * Boots it.
     *
     * @param modules a tar archive, by gzip, of what belongs into its folder of /lib/modules; empty: it has none
     * @param before the id of the boot that ends
     */
    void boot(Kernel kernel, Optional<Path> modules, String before, Progress progress) throws IOException {
        byte[] random = new byte[Long.BYTES];
        ThreadLocalRandom.current().nextBytes(random);
        String token = TOKEN + HexFormat.of().formatHex(random);
        long asked;
        if (entry.bootCommand().isPresent()) {
            progress.report(entry.name() + ": having it boot " + kernel.release());
            asked = System.nanoTime();
            byCommand(entry.bootCommand().get(), kernel, modules, token);
        } else {
            load(kernel, modules, token, progress);
            progress.report(entry.name() + ": booting " + kernel.release() + " by kexec");
            asked = System.nanoTime();
            // In the background: the connection ends with the boot.
            reach.output(
                    "starting the kernel",
                    "setsid sh -c 'sleep 1; if [ -d /run/systemd/system ]; then systemctl kexec; else sync; kexec -e; fi'"
                            + " </dev/null >/dev/null 2>&1 &");
        }
        reach.disconnect();
        new Reset(entry, reach).await(before, asked, "the boot of " + kernel.release());
        String told = reach.output("asking which kernel it booted", "uname -r; cat /proc/cmdline");
        List<String> words = List.of(told.split("\\s+"));
        if (!words.get(0).equals(kernel.release()) || !words.contains(token)) {
            throw new MachineException(entry.name() + " was to boot " + kernel.release() + ", and " + words.get(0)
                    + " answers" + (words.contains(token) ? "" : ", without " + token + " on its boot line")
                    + ": that kernel may have died, and the machine's own come back; look at its console");
        }
        progress.report(entry.name() + ": it runs " + kernel.release());
    }

    private void byCommand(String line, Kernel kernel, Optional<Path> modules, String token) throws IOException {
        Outcome outcome = Outcome.of(
                line,
                Map.of(
                        "KSPLAT_IMAGE", kernel.image().toAbsolutePath().toString(),
                        "KSPLAT_RELEASE", kernel.release(),
                        "KSPLAT_MODULES", modules.map(Path::toString).orElse(""),
                        "KSPLAT_APPEND", token),
                entry.scale(COMMAND));
        if (outcome.exit() != 0) {
            throw new MachineException(
                    "the command that boots a kernel on " + entry.name() + " failed: " + outcome.said());
        }
    }

    private void load(Kernel kernel, Optional<Path> modules, String token, Progress progress) throws IOException {
        reach.output(
                "looking for kexec",
                FAIL
                        + "; command -v kexec >/dev/null || fail 'it has no kexec: install kexec-tools there, or name a boot command in its entry'"
                        + "; [ -e /sys/kernel/kexec_loaded ] || fail 'its kernel has no kexec (CONFIG_KEXEC)'");
        String key = reach.output("looking for a kernel", "cat " + FOLDER + "/key 2>/dev/null || :");
        if (!key.equals(kernel.key())) {
            copy(kernel, modules, progress);
        }
        String line = reach.output("reading its boot line", "cat /proc/cmdline");
        reach.output(
                "loading a kernel",
                "kexec -l " + FOLDER + "/kernel --initrd=" + FOLDER + "/initrd --command-line="
                        + quoted(bootLine(line, token)));
    }

    /** The key is written last: what has one is whole. */
    private void copy(Kernel kernel, Optional<Path> modules, Progress progress) throws IOException {
        String release = kernel.release();
        if (!(release + kernel.key()).matches("[A-Za-z0-9.+~_-]+")) {
            throw new MachineException("the release \"" + release + "\" names no folder of modules");
        }
        progress.report(entry.name() + ": copying " + release + " to it");
        reach.put(
                "copying a kernel",
                String.join("\n", "set -eu", CLEAN, "mkdir -m 700 " + FOLDER, "cat >" + FOLDER + "/kernel"),
                kernel.image(),
                PUT);
        String place = "/lib/modules/" + release;
        // A machine that has this kernel has its modules.
        String make = String.join(
                "\n",
                "set -eu",
                "if [ -e " + place + " ]; then cat >/dev/null; exit 0; fi",
                "mkdir -p " + place,
                ": >" + place + "/" + MARK);
        if (modules.isPresent()) {
            reach.put("copying a kernel's modules", make + "\ntar -xzf - -C " + place, modules.get(), PUT);
        } else {
            reach.output("making a kernel's folder", make + "\ndepmod " + release);
        }
        progress.report(entry.name() + ": making an initrd for " + release + " there");
        reach.output(
                "making an initrd",
                String.join(
                        "\n",
                        "set -eu",
                        FAIL,
                        "exec >&2",
                        "i=" + FOLDER + "/initrd",
                        "if command -v mkinitramfs; then mkinitramfs -o $i " + release,
                        "elif command -v dracut; then dracut --force --kver " + release + " $i",
                        "elif command -v mkinitcpio; then mkinitcpio -k " + release + " -g $i",
                        "else fail 'it has none of mkinitramfs, dracut and mkinitcpio: name a boot command in its entry'; fi"),
                PUT);
        reach.output("keeping a kernel", "echo " + kernel.key() + " >" + FOLDER + "/key && sync");
    }

    /** What a boot loader has added to a boot line is not for the next one. */
    static String bootLine(String current, String token) {
        return Arrays.stream(current.strip().split("\\s+"))
                        .filter(word -> !word.startsWith("BOOT_IMAGE=")
                                && !word.startsWith("initrd=")
                                && !word.startsWith(TOKEN))
                        .collect(Collectors.joining(" "))
                + " " + token;
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    /** Removes from a machine that runs what its boots needed. */
    void clean() throws IOException {
        reach.output("removing what a boot needed", CLEAN);
    }

    /** Returns a boot line without the token that each boot has its own of. */
    static String withoutToken(String line) {
        return Arrays.stream(line.strip().split("\\s+"))
                .filter(word -> !word.startsWith(TOKEN))
                .collect(Collectors.joining(" "));
    }
}
