// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.bpf.LocalTarget;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Runs the tests of {@link LocalBpf} where there is no build around it: what JUnit's launcher would do for one class without
 * extensions, and without what its start costs in an emulated CPU.
 */
final class InGuestMain {
    /** Begins the line of a test that passed, followed by its name. */
    static final String PASSED = "passed ";

    /** Begins the line of a test that failed; its stack follows, indented, up to the next line that is not. */
    static final String FAILED = "failed ";

    /** Ends them: a JVM that dies on the way does not print it. */
    static final String DONE = "done";

    private InGuestMain() {}

    static List<Method> tests() {
        return Stream.concat(
                        Arrays.stream(BpfContract.class.getDeclaredMethods()),
                        Arrays.stream(LocalBpf.class.getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Test.class))
                .sorted(java.util.Comparator.comparing(Method::getName))
                .toList();
    }

    /** Asks for nothing but the target. */
    static final String OPEN = "open";

    public static void main(String[] arguments) throws ReflectiveOperationException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (arguments.length > 0 && arguments[0].equals(OPEN)) {
            try {
                out.println(LocalTarget.open());
            } catch (java.io.IOException e) {
                out.println(e.getMessage());
            }
            return;
        }
        for (Method test : tests()) {
            test.setAccessible(true);
            LocalBpf contract = new LocalBpf();
            try {
                contract.load();
                try {
                    test.invoke(contract);
                } finally {
                    contract.unload();
                }
                out.println(PASSED + test.getName());
            } catch (InvocationTargetException e) {
                out.println(FAILED + test.getName() + "\n" + stack(e.getCause()));
            } catch (Exception | AssertionError e) {
                out.println(FAILED + test.getName() + "\n" + stack(e));
            }
        }
        out.println(DONE);
    }

    private static String stack(Throwable thrown) {
        java.io.StringWriter text = new java.io.StringWriter();
        thrown.printStackTrace(new java.io.PrintWriter(text));
        return text.toString().lines().limit(25).map(line -> "  " + line).reduce("", (a, b) -> a + b + "\n");
    }
}
