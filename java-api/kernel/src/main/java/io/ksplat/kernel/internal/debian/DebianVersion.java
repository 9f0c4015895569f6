// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

/**
 * A version of a Debian package, in the order of deb-version(7): by epoch, upstream version and revision. Digits compare as numbers,
 * letters sort before all other characters, and a tilde before everything, even the end.
 */
public record DebianVersion(String text) implements Comparable<DebianVersion> {
    /** Returns the upstream version: {@code 7.3~rc7} of {@code 7.3~rc7-1~exp1}. */
    public String upstream() {
        String rest = text.substring(text.indexOf(':') + 1);
        int dash = rest.lastIndexOf('-');
        return dash < 0 ? rest : rest.substring(0, dash);
    }

    private String revision() {
        int dash = text.lastIndexOf('-');
        return dash < 0 ? "" : text.substring(dash + 1);
    }

    private String epoch() {
        int colon = text.indexOf(':');
        return colon < 0 ? "" : text.substring(0, colon);
    }

    /** Returns whether it matches a series, an upstream version or a whole package version. */
    public boolean satisfies(String asked) {
        String wanted = asked.replace("-rc", "~rc");
        String upstream = upstream();
        return text.equals(wanted)
                || upstream.equals(wanted)
                || upstream.startsWith(wanted + ".")
                || upstream.startsWith(wanted + "~");
    }

    @Override
    public int compareTo(DebianVersion other) {
        int order = part(epoch(), other.epoch());
        if (order == 0) {
            order = part(upstream(), other.upstream());
        }
        return order == 0 ? part(revision(), other.revision()) : order;
    }

    private static int part(String a, String b) {
        int i = 0;
        int j = 0;
        while (i < a.length() || j < b.length()) {
            while ((i < a.length() && !digit(a, i)) || (j < b.length() && !digit(b, j))) {
                int order = Integer.compare(weight(a, i), weight(b, j));
                if (order != 0) {
                    return order;
                }
                i++;
                j++;
            }
            int endA = endOfDigits(a, i);
            int endB = endOfDigits(b, j);
            String left = a.substring(Math.min(i, a.length()), endA).replaceFirst("^0+", "");
            String right = b.substring(Math.min(j, b.length()), endB).replaceFirst("^0+", "");
            int order = Integer.compare(left.length(), right.length());
            if (order == 0) {
                order = left.compareTo(right);
            }
            if (order != 0) {
                return order;
            }
            i = endA;
            j = endB;
        }
        return 0;
    }

    private static int endOfDigits(String s, int from) {
        int end = Math.min(from, s.length());
        while (end < s.length() && digit(s, end)) {
            end++;
        }
        return end;
    }

    private static boolean digit(String s, int i) {
        return s.charAt(i) >= '0' && s.charAt(i) <= '9';
    }

    private static int weight(String s, int i) {
        if (i >= s.length() || digit(s, i)) {
            return 0;
        }
        char c = s.charAt(i);
        if (c == '~') {
            return -1;
        }
        return Character.isLetter(c) ? c : c + 256;
    }

    @Override
    public String toString() {
        return text;
    }
}
