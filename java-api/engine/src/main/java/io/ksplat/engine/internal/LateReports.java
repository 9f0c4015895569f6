// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.ParserOptions;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.SelfCheck;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Reads the console for a run's watcher, and on its own until the next run's mark: a watcher is done before its run's programs are
 * unloaded, and what the kernel says of that must not get lost.
 */
public final class LateReports implements ConsoleLog.Reader {
    private final Watcher watcher;
    private final List<Evidence> found = new ArrayList<>();
    private final ConsoleParser parser;
    private final ConsoleTestimony testimony;

    LateReports(Watcher watcher, Target target, OutsideView view, List<SelfCheck> checks) {
        this.watcher = watcher;
        this.parser = new ConsoleParser(found::add, () -> {
            ParserOptions options = view.nmiInjected() ? ParserOptions.NMI_EXPERIMENT : ParserOptions.DEFAULT;
            return target.console().printsFacility() ? options.withFacility() : options;
        });
        this.testimony = ConsoleTestimony.of(target.kernel(), checks);
    }

    /** That a machine was found with reports of the run before: nothing that another run does there tells anything. */
    public static final class LeftException extends IOException {
        private static final long serialVersionUID = 1;
        private final transient List<Evidence> evidence;

        LeftException(List<Evidence> evidence) {
            super("reported on its machine before it began, after another run: " + titles(evidence));
            this.evidence = List.copyOf(evidence);
        }

        public List<Evidence> evidence() {
            return evidence;
        }
    }

    @Override
    public void feed(byte[] buffer, int offset, int length) {
        watcher.feed(buffer, offset, length);
        synchronized (parser) {
            parser.feed(buffer, offset, length);
        }
    }

    /** Returns what was reported since the run began; of a machine whose run has found nothing, all of it is late. */
    public List<Evidence> soFar() {
        List<Evidence> now;
        synchronized (parser) {
            parser.flush();
            now = List.copyOf(found);
        }
        return testimony.credible(now);
    }

    /**
     * Ends the text, now that the next run has begun.
     *
     * @throws LeftException if there is a report in it
     */
    void requireNone() throws LeftException {
        synchronized (parser) {
            parser.close();
        }
        List<Evidence> left = soFar();
        if (!left.isEmpty()) {
            throw new LeftException(left);
        }
    }

    /** Returns the titles, in one line. */
    public static String titles(List<Evidence> evidence) {
        return evidence.stream().map(Evidence::title).distinct().collect(Collectors.joining(", "));
    }
}
