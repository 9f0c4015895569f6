// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns the names that compilers of Rust and C++ make into those that people write. The kernel prints symbols as they are in kallsyms. What has a form that
 * is not known stays as it is.
 */
final class MangledNames {
    /** rustc before the form v0: the last part is a hash, which differs from build to build. */
    private static final Pattern RUST_HASH = Pattern.compile("h[0-9a-f]{16}");

    private static final Pattern RUST_ESCAPE =
            Pattern.compile("\\$(?:(SP|BP|RF|LT|GT|LP|RP|C)|u([0-9a-f]{1,6}))\\$|\\.\\.");

    private MangledNames() {}

    /** Returns the name that a person would write. */
    static String demangled(String symbol) {
        if (symbol.startsWith("_R")) {
            return RustNames.demangled(symbol).orElse(symbol);
        }
        return symbol.startsWith("_Z") ? itanium(symbol).orElse(symbol) : symbol;
    }

    /** C++ on every architecture of the kernel (the Itanium ABI), without arguments; Rust had the same form once. */
    private static Optional<String> itanium(String symbol) {
        StringBuilder path = new StringBuilder();
        int at = 2;
        boolean nested = at < symbol.length() && symbol.charAt(at) == 'N';
        at += nested ? 1 : 0;
        String last = "";
        while (at < symbol.length()) {
            char tag = symbol.charAt(at);
            String part;
            if (nested && path.isEmpty() && "KVrRO".indexOf(tag) >= 0 || tag == 'L') {
                at++;
                continue;
            } else if (tag >= '1' && tag <= '9') {
                int digits = at;
                while (digits < symbol.length() && digits - at < 4 && Character.isDigit(symbol.charAt(digits))) {
                    digits++;
                }
                int end = digits + Integer.parseInt(symbol.substring(at, digits));
                if (end > symbol.length()) {
                    return Optional.empty();
                }
                part = symbol.substring(digits, end);
                at = end;
                if (nested && RUST_HASH.matcher(part).matches() && symbol.startsWith("E", at)) {
                    return Optional.of(rust(path.toString()));
                }
            } else if (symbol.startsWith("St", at)) {
                part = "std";
                at += 2;
            } else if (nested && (tag == 'C' || tag == 'D') && at + 1 < symbol.length() && !last.isEmpty()) {
                part = (tag == 'D' ? "~" : "") + last;
                at += 2;
            } else if (nested && tag == 'I' && !last.isEmpty()) {
                at = behindArguments(symbol, at);
                if (at < 0) {
                    return Optional.empty();
                }
                continue;
            } else {
                return nested && tag == 'E' && !last.isEmpty() ? Optional.of(path.toString()) : Optional.empty();
            }
            path.append(path.isEmpty() ? "" : "::").append(part);
            last = part;
            if (!nested && !"std".equals(part)) {
                return Optional.of(path.toString());
            }
        }
        return Optional.empty();
    }

    /** Returns where the arguments of a template end; -1 if they have a form that is not known. */
    private static int behindArguments(String symbol, int start) {
        int open = 0;
        int at = start;
        while (at < symbol.length()) {
            char tag = symbol.charAt(at);
            if (tag >= '1' && tag <= '9') {
                int digits = at;
                while (digits < symbol.length() && digits - at < 4 && Character.isDigit(symbol.charAt(digits))) {
                    digits++;
                }
                at = digits + Integer.parseInt(symbol.substring(at, digits));
                continue;
            }
            if (tag == 'L') {
                // a number: its type and its digits
                at = symbol.indexOf('E', at);
                if (at < 0) {
                    return -1;
                }
            } else if ("INJF".indexOf(tag) >= 0) {
                open++;
            } else if (tag == 'E' && --open == 0) {
                return at + 1;
            } else if (tag == 'S') {
                int end = at + 1;
                while (end < symbol.length() && (Character.isDigit(symbol.charAt(end)) || symbol.charAt(end) == '_')) {
                    end++;
                }
                at = end == at + 1 ? end : end - 1;
            } else if (tag == 'X' || tag == 'D') {
                return -1;
            }
            at++;
        }
        return -1;
    }

    private static String rust(String path) {
        String plain = path.replaceAll("(^|::)_(?=\\$)", "$1");
        return RUST_ESCAPE
                .matcher(plain)
                .replaceAll(found -> Matcher.quoteReplacement(escaped(found.group(1), found.group(2))));
    }

    private static String escaped(String name, String hex) {
        if (hex != null) {
            return String.valueOf((char) Integer.parseInt(hex, 16));
        }
        return name == null
                ? "::"
                : switch (name) {
                    case "SP" -> "@";
                    case "BP" -> "*";
                    case "RF" -> "&";
                    case "LT" -> "<";
                    case "GT" -> ">";
                    case "LP" -> "(";
                    case "RP" -> ")";
                    default -> ",";
                };
    }
}
