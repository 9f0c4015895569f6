// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Control;

/** What a control means, in words. */
public final class ControlWords {
    private ControlWords() {}

    public static String of(Control control) {
        String name = control.name().replaceFirst(" #\\d+$", "");
        int colon = name.indexOf(':');
        String about = colon < 0 ? "" : name.substring(colon + 1);
        return switch (colon < 0 ? name : name.substring(0, colon)) {
            case "nmi" -> "aimed NMIs reached the kernel";
            case "storm" -> "NMIs of the storm reached the kernel";
            case "sysrq" -> "the SysRq reached the kernel";
            case "dropped" -> "operations that dropped an object in the context at stake";
            case "freed" -> "objects that the kernel itself freed in " + about + "()";
            case "reached" -> "times that the kernel came by " + about + "()";
            case "exit" -> "the program " + about + " ended as it should";
            case "lockdep" -> "lockdep was still on at the end";
            case "kasan" -> "KASAN was still on at the end";
            case "untainted" -> "nothing had tainted the kernel at the end";
            case "console" -> "the console had lost no message of the kernel's";
            case "quiet" -> "nothing was armed or pending at the end";
            case "log-bytes" -> "bytes of the log";
            default ->
                switch (control.role()) {
                    case STIMULUS -> "the stimulus was delivered";
                    case EFFECT -> "the code under test did its work";
                    case OBSERVER -> "a bug could have been seen";
                };
        };
    }

    /** What a failure says. */
    public static String role(Control control) {
        return switch (control.role()) {
            case STIMULUS -> "stimulus: a failure is the harness's, or a busy host's";
            case EFFECT -> "effect: a failure is the kernel's, the program's, or the patch's";
            case OBSERVER -> "observer: a failure means that a bug could not have been seen";
        };
    }
}
