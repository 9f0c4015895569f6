// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.ArrayList;
import java.util.List;

/** Programs whose expectations come true, and fifty of which each has one that does not. */
final class Mutations {
    static final int COUNT = 50;

    private static final String BEGIN = """
            #define SPELLING 2
            #include "annotate.h"
            char _license[] SEC("license") = "GPL";
            """;

    private static final String RETURNS = "r0 = 3; exit;";
    private static final String READS = "r0 = 7; r0 = *(u64 *)(r0 + 0); exit;";
    private static final String LEAKS = "r0 = r10; exit;";

    private Mutations() {}

    private static String program(String name, String annotations, String code) {
        return "SEC(\"socket\") " + annotations + "\n__attribute__((naked)) int " + name
                + "(void)\n{\n\tasm volatile(\"" + code + "\");\n}\n";
    }

    /** What the mutations below differ from. */
    static String unmutated() {
        return BEGIN
                + program(
                        "returns",
                        "__success __retval(3) __log_level(2) __msg(\"0: (b7) r0 = 3\") __msg(\"1: (95) exit\")"
                                + " __not_msg(\"r0 = 4\")",
                        RETURNS)
                + program("is_written", "__success __xlated(\"0: r0 = 3\") __xlated(\"1: exit\")", RETURNS)
                + program(
                        "reads",
                        "__failure __log_level(2) __msg(\"0: (b7) r0 = 7\") __msg(\"R0 invalid mem access 'scalar'\")"
                                + " __not_msg(\"R9\")",
                        READS)
                + program("leaks", "__failure_unpriv __msg_unpriv(\"R0 leaks addr as return value\")", LEAKS);
    }

    static String source() {
        List<String> programs = new ArrayList<>();
        for (String value : List.of("2", "4", "0", "-3", "0x30", "_INT_MIN", "64", "0xffffffff")) {
            add(programs, "__success __retval(" + value + ")", RETURNS);
        }
        for (String messages : List.of(
                "__msg(\"0: (b7) r0 = 4\")",
                "__msg(\"0: (b7) r1 = 3\")",
                "__msg(\"0: (B7) r0 = 3\")",
                "__msg(\"1: (b7) r0 = 3\")",
                "__msg(\"{{r0 = [4-9]}}\")",
                "__msg(\"{{^r0 = 3$}}\")",
                "__msg(\"r0 = 3{{x}}\")",
                "__msg(\"r0 .= 3\")",
                "__msg(\"{{^1: .95.}} exit\") __msg(\"{{^0: .b7.}} r0 = 3\")",
                "__msg(\"{{^0: .b7.}} r0 = 3\") __msg(\"{{^0: .b7.}} r0 = 3\")",
                "__msg(\"{{^1: .95.}} exit\") __msg(\"{{^1: .95.}} exit\")",
                "__not_msg(\"r0 = 3\")",
                "__not_msg(\"{{r0 = [0-9]}}\")",
                "__not_msg(\"r0 = 3\") __msg(\"exit\")",
                "__msg(\"r0 = 3\") __not_msg(\"exit\")",
                "__msg(\"0: (b7)\") __not_msg(\"r0\") __msg(\"exit\")")) {
            add(programs, "__success __log_level(2) " + messages, RETURNS);
        }
        add(programs, "__success __msg(\"0: (b7) r0 = 3\")", RETURNS);
        add(programs, "__failure", RETURNS);
        add(programs, "__failure __msg(\"exit\") __log_level(2)", RETURNS);
        add(programs, "__failure_unpriv", RETURNS);
        for (String lines : List.of(
                "__xlated(\"0: r0 = 4\")",
                "__xlated(\"1: exit\") __xlated(\"0: r0 = 3\")",
                "__xlated(\"0: r0 = 3\") __xlated(\"2: exit\")",
                "__xlated(\"0: r0 = 3\") __xlated(\"r0\")",
                "__xlated(\"0: r\") __xlated(\"= 3\")",
                "__xlated(\"{{r0 = [^3]}}\")")) {
            add(programs, "__success " + lines, RETURNS);
        }
        for (String annotations : List.of(
                "__success",
                "__success_unpriv",
                "__failure __msg(\"R1 invalid mem access 'scalar'\")",
                "__failure __msg(\"R0 invalid mem access 'fp'\")",
                "__failure __msg(\"R0 invalid mem access {{'[a-f]+'}}\")",
                "__failure __msg(\"R0 invalid mem access 'scalar'\") __msg(\"(b7) r0 = 7\") __log_level(2)",
                "__failure __msg(\"R0 invalid mem access 'scalar'\") __msg(\"R0 invalid mem access 'scalar'\")",
                "__failure __not_msg(\"R0 invalid mem access 'scalar'\")",
                "__failure __not_msg(\"{{R[0-9] invalid}}\")",
                "__failure __not_msg(\"(b7) r0 = 7\") __msg(\"R0 invalid mem access\") __log_level(2)")) {
            add(programs, annotations, READS);
        }
        for (String annotations : List.of(
                "__failure",
                "__success_unpriv",
                "__failure_unpriv __msg_unpriv(\"R1 leaks addr as return value\")",
                "__failure_unpriv __msg_unpriv(\"R0 leaks addr\") __msg_unpriv(\"(bf) r0 = r10\")",
                "__failure_unpriv __msg_unpriv(\"{{R[1-9] leaks addr}}\")",
                "__success __retval(3)")) {
            add(programs, annotations, LEAKS);
        }
        return BEGIN + String.join("", programs);
    }

    private static void add(List<String> programs, String annotations, String code) {
        programs.add(program("mutated_" + programs.size(), annotations, code));
    }
}
