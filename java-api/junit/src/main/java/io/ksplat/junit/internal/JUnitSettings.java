// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.junit.Kernels;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What a test's run is told from outside: by the request of whoever drives the launcher, else by configuration parameters and system
 * properties.
 */
public final class JUnitSettings {
    /** Where the launcher session's store keeps the session, a {@link BorrowedSession} or a {@link CaseListing}. */
    public static final String KEY = "io.ksplat.session";

    /** Of a parameterised reproducer, this case alone. */
    public static final String CASE = "ksplat.case";

    /** Whether the files of a run that did not go as expected are attached to the test, true by default. */
    private static final String ATTACH = "ksplat.attach";

    private JUnitSettings() {}

    private static ExtensionContext.Store store(ExtensionContext context) {
        return context.getStore(ExtensionContext.StoreScope.LAUNCHER_SESSION, ExtensionContext.Namespace.create(KEY));
    }

    static Optional<BorrowedSession> borrowed(ExtensionContext context) {
        return store(context).get(KEY) instanceof BorrowedSession borrowed ? Optional.of(borrowed) : Optional.empty();
    }

    /** Returns who wants to know the cases, and none of them run; empty if they are to run. */
    static Optional<CaseListing> listing(ExtensionContext context) {
        return store(context).get(KEY) instanceof CaseListing listing ? Optional.of(listing) : Optional.empty();
    }

    /** Returns the launcher session's, opened now if nobody put one there. */
    static Session session(ExtensionContext context) {
        return borrowed(context)
                .map(lender -> lender.request().session())
                .orElseGet(() -> store(context)
                        .getOrComputeIfAbsent(
                                KEY,
                                key -> Session.open(SessionOptions.read(name -> parameter(context, name))),
                                Session.class));
    }

    static RunSettings settings(ExtensionContext context) {
        return borrowed(context)
                .map(lender -> lender.request().settings())
                .orElseGet(() -> RunSettings.read(key -> setting(context, key)));
    }

    /** What {@link Kernels} says of the kernel is already what was given from outside, if something was. */
    private static Optional<String> setting(ExtensionContext context, String key) {
        return key.equals(RunSettings.Keys.KERNEL)
                ? KernelsExtension.kernel(context).or(() -> parameter(context, key))
                : parameter(context, key);
    }

    static boolean attaches(ExtensionContext context) {
        return borrowed(context).isEmpty()
                && parameter(context, ATTACH).map(Boolean::valueOf).orElse(true);
    }

    /** Returns the one case that was asked for; empty: all. */
    static Optional<String> testCase(ExtensionContext context) {
        Optional<Catalogue.Entry> entry =
                borrowed(context).map(lender -> lender.request().entry());
        return entry.isPresent() ? entry.get().testCase() : parameter(context, CASE);
    }

    /** Returns the kernel that was given from outside. */
    static Optional<String> kernel(ExtensionContext context) {
        return borrowed(context)
                .map(lender -> lender.request().settings().kernelText())
                .or(() -> parameter(context, RunSettings.Keys.KERNEL));
    }

    private static Optional<String> parameter(ExtensionContext context, String key) {
        return context.getConfigurationParameter(key).or(() -> Optional.ofNullable(System.getProperty(key)));
    }
}
