// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the names that rustc gives to the functions of the kernel, since 1.60 in the form v0 of RFC 2603 ({@code -Csymbol-mangling-version=v0}, the kernel's
 * Makefile). The hashes of crates, which differ from build to build, are left out. Names in other scripts stay as they are.
 */
final class RustNames {
    private static final Map<Character, String> BASIC = new HashMap<>();

    static {
        String[] types = {
            "a i8", "b bool", "c char", "d f64", "e str", "f f32", "h u8", "i isize", "j usize", "l i32", "m u32",
            "n i128", "o u128", "p _", "s i16", "t u16", "u ()", "v ...", "x i64", "y u64", "z !"
        };
        for (String type : types) {
            BASIC.put(type.charAt(0), type.substring(2));
        }
    }

    /** References to what stands earlier may nest without end, or grow without end. */
    private static final int DEEPEST = 64;

    private static final int LONGEST = 1024;

    /** A name that is not in this form. */
    private static final class NotRust extends RuntimeException {
        private static final long serialVersionUID = 1;

        NotRust() {
            super("not a name of Rust", null, false, false);
        }
    }

    private final String text;
    private final StringBuilder out = new StringBuilder();
    private int at = "_R".length();
    private int depth;

    /** The lifetimes that the types around have bound. */
    private long bound;

    private RustNames(String text) {
        this.text = text;
    }

    /** Returns the path of a function; empty if the name is not in this form. */
    static Optional<String> demangled(String symbol) {
        if (!symbol.startsWith("_R")) {
            return Optional.empty();
        }
        RustNames name = new RustNames(symbol);
        try {
            name.path(true);
            name.end();
            return Optional.of(name.out.toString());
        } catch (NotRust e) {
            return Optional.empty();
        }
    }

    /** Behind a path stands at most the crate that a generic function was made for, and what a compiler appends. */
    private void end() {
        if (at < text.length() && "BC".indexOf(text.charAt(at)) >= 0) {
            skipPath();
        }
        if (at < text.length() && text.charAt(at) != '.' && text.charAt(at) != '$') {
            throw new NotRust();
        }
    }

    private void path(boolean isValue) {
        enter();
        char tag = next();
        switch (tag) {
            case 'C' -> {
                disambiguator();
                print(identifier());
            }
            case 'M', 'X' -> {
                disambiguator();
                skipPath();
                print("<");
                type();
                if (tag == 'X') {
                    print(" as ");
                    path(false);
                }
                print(">");
            }
            case 'Y' -> {
                print("<");
                type();
                print(" as ");
                path(false);
                print(">");
            }
            case 'N' -> nested(isValue);
            case 'I' -> {
                path(isValue);
                print(isValue ? "::<" : "<");
                arguments();
                print(">");
            }
            case 'B' -> earlier(() -> path(isValue));
            default -> throw new NotRust();
        }
        depth--;
    }

    private void nested(boolean isValue) {
        char space = next();
        path(isValue);
        long number = disambiguator();
        String name = identifier();
        if (Character.isUpperCase(space)) {
            String kind = space == 'C' ? "closure" : space == 'S' ? "shim" : String.valueOf(space);
            print("::{" + kind + (name.isEmpty() ? "" : ":" + name) + "#" + number + "}");
        } else if (!name.isEmpty()) {
            print("::" + name);
        }
    }

    private void arguments() {
        for (int i = 0; !eat('E'); i++) {
            print(i == 0 ? "" : ", ");
            if (eat('L')) {
                lifetime(base62());
            } else if (eat('K')) {
                constant();
            } else {
                type();
            }
        }
    }

    private void type() {
        enter();
        char tag = next();
        String basic = BASIC.get(tag);
        if (basic != null) {
            print(basic);
        } else {
            compound(tag);
        }
        depth--;
    }

    private void compound(char tag) {
        switch (tag) {
            case 'A', 'S' -> {
                print("[");
                type();
                if (tag == 'A') {
                    print("; ");
                    constant();
                }
                print("]");
            }
            case 'T' -> {
                print("(");
                int count = list(this::type);
                print(count == 1 ? ",)" : ")");
            }
            case 'R', 'Q' -> {
                print("&");
                if (eat('L')) {
                    long which = base62();
                    if (which != 0) {
                        lifetime(which);
                        print(" ");
                    }
                }
                print(tag == 'Q' ? "mut " : "");
                type();
            }
            case 'P', 'O' -> {
                print(tag == 'P' ? "*const " : "*mut ");
                type();
            }
            case 'F' -> binding(this::function);
            case 'D' -> {
                print("dyn ");
                binding(this::bounds);
                expect('L');
                long which = base62();
                if (which != 0) {
                    print(" + ");
                    lifetime(which);
                }
            }
            case 'B' -> earlier(this::type);
            default -> {
                at--;
                path(false);
            }
        }
    }

    private void function() {
        print(eat('U') ? "unsafe " : "");
        if (eat('K')) {
            print("extern \"" + (eat('C') ? "C" : identifier().replace('_', '-')) + "\" ");
        }
        print("fn(");
        list(this::type);
        print(")");
        if (!eat('u')) {
            print(" -> ");
            type();
        }
    }

    private void bounds() {
        for (int i = 0; !eat('E'); i++) {
            print(i == 0 ? "" : " + ");
            int start = out.length();
            path(false);
            boolean open = out.length() > start && out.charAt(out.length() - 1) == '>' && text.charAt(at) == 'p';
            if (open) {
                out.setLength(out.length() - 1);
            }
            boolean first = !open;
            while (eat('p')) {
                print(first ? "<" : ", ");
                first = false;
                open = true;
                print(identifier() + " = ");
                type();
            }
            print(open ? ">" : "");
        }
    }

    private void binding(Runnable inner) {
        long many = eat('G') ? base62() + 1 : 0;
        if (many > DEEPEST) {
            throw new NotRust();
        }
        if (many > 0) {
            List<String> names = new ArrayList<>();
            for (long i = 0; i < many; i++) {
                names.add(named(bound + i));
            }
            print("for<" + String.join(", ", names) + "> ");
        }
        bound += many;
        inner.run();
        bound -= many;
    }

    private void lifetime(long which) {
        if (which > bound) {
            throw new NotRust();
        }
        print(which == 0 ? "'_" : named(bound - which));
    }

    private static String named(long number) {
        return number < 26 ? "'" + (char) ('a' + number) : "'_" + number;
    }

    private void constant() {
        enter();
        char tag = next();
        if (tag == 'p') {
            print("_");
        } else if (tag == 'B') {
            earlier(this::constant);
        } else if ("ahijlmnostxybc".indexOf(tag) >= 0) {
            print(eat('n') ? "-" : "");
            value(tag, upTo('_'));
        } else {
            // strings, arrays and structures are no arguments in the kernel
            throw new NotRust();
        }
        depth--;
    }

    private void value(char tag, String digits) {
        if (digits.length() > 16 || !digits.matches("[0-9a-f]*")) {
            print("0x" + digits);
            return;
        }
        long value = digits.isEmpty() ? 0 : Long.parseUnsignedLong(digits, 16);
        if (tag == 'b') {
            print(value == 0 ? "false" : "true");
        } else if (tag == 'c') {
            print(value >= ' ' && value < 0x7f ? "'" + (char) value + "'" : "'\\u{" + digits + "}'");
        } else {
            print(Long.toUnsignedString(value));
        }
    }

    private int list(Runnable each) {
        int count = 0;
        while (!eat('E')) {
            print(count++ == 0 ? "" : ", ");
            each.run();
        }
        return count;
    }

    private void earlier(Runnable what) {
        int tag = at - 1;
        long where = base62() + "_R".length();
        if (where >= tag) {
            throw new NotRust();
        }
        int back = at;
        at = (int) where;
        what.run();
        at = back;
    }

    private void skipPath() {
        int length = out.length();
        path(false);
        out.setLength(length);
    }

    private long disambiguator() {
        return eat('s') ? base62() + 1 : 0;
    }

    private String identifier() {
        if (eat('u')) {
            throw new NotRust();
        }
        int start = at;
        while (at < text.length() && Character.isDigit(text.charAt(at)) && at - start < 4) {
            at++;
            if (text.charAt(start) == '0') {
                break;
            }
        }
        if (start == at) {
            throw new NotRust();
        }
        int length = Integer.parseInt(text.substring(start, at));
        eat('_');
        if (at + length > text.length()) {
            throw new NotRust();
        }
        at += length;
        return text.substring(at - length, at);
    }

    private long base62() {
        String digits = upTo('_');
        if (digits.isEmpty()) {
            return 0;
        }
        if (digits.length() > 11) {
            throw new NotRust();
        }
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char digit = digits.charAt(i);
            int worth = digit <= '9' ? digit - '0' : digit >= 'a' ? digit - 'a' + 10 : digit - 'A' + 36;
            value = value * 62 + worth;
        }
        return value + 1;
    }

    private String upTo(char end) {
        int stop = text.indexOf(end, at);
        if (stop < 0) {
            throw new NotRust();
        }
        String before = text.substring(at, stop);
        at = stop + 1;
        return before;
    }

    private void enter() {
        if (++depth > DEEPEST) {
            throw new NotRust();
        }
    }

    private void print(String part) {
        out.append(part);
        if (out.length() > LONGEST) {
            throw new NotRust();
        }
    }

    private void expect(char wanted) {
        if (!eat(wanted)) {
            throw new NotRust();
        }
    }

    private boolean eat(char wanted) {
        if (at < text.length() && text.charAt(at) == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private char next() {
        if (at >= text.length()) {
            throw new NotRust();
        }
        return text.charAt(at++);
    }
}
