// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the programs in BPF C by its text alone. */
final class SourceNames {
    private static final Pattern COMMENT = Pattern.compile("//[^\n]*|/\\*(?s:.*?)\\*/");
    private static final Pattern SECTION = Pattern.compile("\\bSEC\\s*\\(\\s*\"(?!license|\\.maps|\\.)");
    /** A string, an identifier, or one character that is no space. */
    private static final Pattern TOKEN = Pattern.compile("\"(?:[^\"\\\\\n]|\\\\.)*+\"|\\w+|\\S");

    private SourceNames() {}

    static List<String> of(String source) {
        String code = COMMENT.matcher(source).replaceAll(" ");
        List<String> names = new ArrayList<>();
        Matcher section = SECTION.matcher(code);
        while (section.find()) {
            String name = function(code, section.start());
            if (!name.isEmpty() && !names.contains(name)) {
                names.add(name);
            }
        }
        return List.copyOf(names);
    }

    /** The first word before a parenthesis that is neither an annotation nor a macro of libbpf, whose first argument it is then. */
    private static String function(String code, int from) {
        Matcher token = TOKEN.matcher(code);
        String word = "";
        int depth = 0;
        boolean inMacro = false;
        int at = from;
        while (token.find(at)) {
            String next = token.group();
            at = token.end();
            if (next.equals("(")) {
                if (depth == 0 && isFunction(word)) {
                    return word;
                }
                inMacro = depth == 0 && isMacro(word);
                depth++;
            } else if (next.equals(")")) {
                depth--;
            } else if (depth == 0 && (next.equals(";") || next.equals("{") || next.equals("="))) {
                return "";
            } else if (inMacro && depth == 1) {
                return next;
            }
            word = next;
        }
        return "";
    }

    private static boolean isMacro(String word) {
        return word.startsWith("BPF_") || word.equals("__TEST");
    }

    private static boolean isFunction(String word) {
        return !word.startsWith("__") && !word.equals("SEC") && !isMacro(word) && word.matches("[A-Za-z_]\\w*");
    }
}
