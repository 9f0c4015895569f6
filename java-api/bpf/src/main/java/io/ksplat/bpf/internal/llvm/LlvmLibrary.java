// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.llvm;

import io.ksplat.bpf.internal.jna.Llvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** LLVM's library on this host: clang brings one along, and there may be older ones beside it. */
final class LlvmLibrary {
    /** {@code libLLVM.so.19.1} since 18, {@code libLLVM-14.so.1} before. */
    private static final Pattern NAME =
            Pattern.compile("libLLVM(?:-(?<old>\\d+)[.\\d]*)?\\.so(?:\\.(?<version>\\d+))?[.\\d]*");

    private static final String INSTALL = "install the LLVM library that clang uses, such as libllvm19";

    private static Optional<Path> bound = Optional.empty();

    private LlvmLibrary() {}

    /** Returns why there is none that can be used; empty: there is one, and it is ready. */
    static synchronized Optional<String> problem() {
        if (bound.isPresent()) {
            return Optional.empty();
        }
        Optional<Path> newest = newest(Path.of("/usr"));
        if (newest.isEmpty()) {
            return Optional.of("this host has no LLVM library: " + INSTALL);
        }
        try {
            Llvm.bind(newest.get().toString());
            Llvm.LLVMInitializeX86TargetInfo();
            Llvm.LLVMInitializeX86TargetMC();
            Llvm.LLVMInitializeX86Disassembler();
        } catch (UnsatisfiedLinkError e) {
            return Optional.of(newest.get() + " cannot be used ("
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason") + "): " + INSTALL);
        }
        bound = newest;
        return Optional.empty();
    }

    /** Returns the newest library below a folder such as /usr. */
    static Optional<Path> newest(Path usr) {
        Optional<Path> newest = Optional.empty();
        int version = 0;
        for (String pattern : new String[] {"lib", "lib64", "lib/*-linux-gnu", "lib/llvm-*/lib", "lib64/llvm*/lib*"}) {
            for (Path folder : folders(usr, pattern)) {
                for (Path file : list(folder, "libLLVM*")) {
                    int its = version(String.valueOf(file.getFileName()));
                    if (its > version) {
                        version = its;
                        newest = Optional.of(file);
                    }
                }
            }
        }
        return newest;
    }

    /** Returns the main version in a file's name; 0 if it has none. */
    static int version(String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            return 0;
        }
        String version = matcher.group("old") == null ? matcher.group("version") : matcher.group("old");
        return version == null ? 0 : Integer.parseInt(version);
    }

    private static Iterable<Path> folders(Path usr, String pattern) {
        Iterable<Path> folders = List.of(usr);
        for (String part : pattern.split("/", -1)) {
            List<Path> next = new ArrayList<>();
            for (Path folder : folders) {
                list(folder, part).forEach(next::add);
            }
            folders = next;
        }
        return folders;
    }

    private static List<Path> list(Path folder, String pattern) {
        List<Path> all = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
                files.forEach(all::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Collections.sort(all);
        return all;
    }
}
