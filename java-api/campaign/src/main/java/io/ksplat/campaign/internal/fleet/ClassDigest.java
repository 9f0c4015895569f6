// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.engine.Catalogue;
import io.ksplat.kernel.internal.Digests;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A digest of a test class and of what it names of its own package: classes, BPF C, and what that includes. */
public final class ClassDigest {
    private static final int MOST_FILES = 1000;
    private static final Pattern INCLUDED = Pattern.compile("\"([\\w.+-]{1,200}\\.[ch])\"");

    private ClassDigest() {}

    /** Returns the digest of what entries of the catalogue are named and made of, in hexadecimal digits. */
    public static String of(List<Catalogue.Entry> entries) throws IOException {
        StringBuilder all = new StringBuilder();
        for (Catalogue.Entry entry : entries) {
            all.append(entry.fullId()).append('\n');
            if (entry.source() instanceof Catalogue.Source.TestClass test) {
                all.append(of(test.type())).append('\n');
            }
        }
        return Digests.sha256(all.toString());
    }

    /** Returns the digest, in hexadecimal digits. */
    public static String of(Class<?> type) throws IOException {
        Deque<String> open = new ArrayDeque<>();
        SortedMap<String, byte[]> read = new TreeMap<>();
        open.add(file(type.getName().replace('.', '/')));
        while (!open.isEmpty() && read.size() < MOST_FILES) {
            String next = open.remove();
            if (read.containsKey(next)) {
                continue;
            }
            try (InputStream in = type.getResourceAsStream(next)) {
                if (in != null) {
                    byte[] bytes = in.readAllBytes();
                    read.put(next, bytes);
                    open.addAll(next.endsWith(".class") ? named(type, bytes) : included(bytes));
                }
            }
        }
        if (read.isEmpty()) {
            throw new IOException("the class file of " + type.getName() + " cannot be found");
        }
        MessageDigest digest = Digests.sha256();
        read.forEach((name, bytes) -> {
            digest.update((name + "\0" + bytes.length + "\0").getBytes(StandardCharsets.UTF_8));
            digest.update(bytes);
        });
        return Digests.hex(digest);
    }

    private static String file(String path) {
        return path.substring(path.lastIndexOf('/') + 1) + ".class";
    }

    private static Set<String> included(byte[] text) {
        Set<String> found = new TreeSet<>();
        for (MatchResult each : (Iterable<MatchResult>)
                INCLUDED.matcher(new String(text, StandardCharsets.UTF_8)).results()::iterator) {
            found.add(each.group(1));
        }
        return found;
    }

    /** The texts of a constant pool (the Java Virtual Machine Specification, 4.4) that name something of the same package. */
    private static Set<String> named(Class<?> type, byte[] classFile) throws IOException {
        String folder = type.getPackageName().replace('.', '/') + "/";
        Set<String> found = new TreeSet<>();
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile));
        in.skipNBytes(8);
        int count = in.readUnsignedShort();
        for (int index = 1; index < count; index++) {
            int tag = in.readUnsignedByte();
            switch (tag) {
                case 1 -> {
                    String text = in.readUTF();
                    if (text.matches("[\\w.+-]{1,200}\\.[ch]")) {
                        found.add(text);
                    } else if (text.startsWith(folder) && text.indexOf('/', folder.length()) < 0) {
                        found.add(file(text));
                    }
                }
                case 3, 4, 9, 10, 11, 12, 17, 18 -> in.skipNBytes(4);
                case 5, 6 -> {
                    in.skipNBytes(8);
                    index++;
                }
                case 7, 8, 16, 19, 20 -> in.skipNBytes(2);
                case 15 -> in.skipNBytes(3);
                default ->
                    throw new IOException("the class file of " + type.getName() + " has a constant of tag " + tag);
            }
        }
        return found;
    }
}
