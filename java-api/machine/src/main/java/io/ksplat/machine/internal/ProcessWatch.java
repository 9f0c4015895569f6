// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.internal.agent.proto.Ended;
import io.ksplat.machine.internal.agent.proto.Response;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * What is known of a process that was started in the guest: what it printed, whether and how it ended, and how it was to end. The
 * agent tells all of it unasked, as soon as it happens, so that no agent is needed to judge it.
 */
public final class ProcessWatch implements Consumer<Response> {
    /** Bytes in which the last line is looked for. */
    private static final int LAST = 8 << 10;

    private static final int LONGEST = 200;

    private final int name;
    private final ProcessOutput output;
    private ExpectedEnd expected;
    private OptionalInt status = OptionalInt.empty();
    private Optional<ProcessUsage> usage = Optional.empty();
    private boolean killed;
    private String hint = "";

    /**
     * Watches a process.
     *
     * @param name what the agent calls it
     * @param output as in {@link io.ksplat.machine.GuestControl#spawn(int, Path, String...)}
     */
    public ProcessWatch(int name, Path output, ExpectedEnd expected) {
        this.name = name;
        this.output = new ProcessOutput(output);
        this.expected = expected;
    }

    /** Goes on with it in a machine that was restored; its files are new ones. */
    ProcessWatch in(Path files) {
        ProcessWatch restored = new ProcessWatch(name, files, expected);
        restored.status = status;
        restored.usage = usage;
        restored.killed = killed;
        restored.hint = hint;
        return restored;
    }

    /** Returns what the agent calls it. */
    int name() {
        return name;
    }

    @Override
    public void accept(Response told) {
        if (told.hasOutput()) {
            output.add(
                    told.getOutput().getStream(),
                    told.getOutput().getData().toByteArray(),
                    told.getOutput().getCut());
        } else if (told.hasEnded()) {
            ended(told.getEnded());
        }
    }

    /** Only the first one counts: a process ends once. */
    private synchronized void ended(Ended how) {
        if (status.isEmpty()) {
            status = OptionalInt.of(how.getStatus());
            usage = how.hasUsage() ? Optional.of(ProcessUsage.of(how.getUsage())) : Optional.empty();
        }
    }

    public synchronized void expect(ExpectedEnd end) {
        expected = end;
    }

    /** Says what to do if it still runs when it should have ended. */
    public synchronized void hint(String remedy) {
        hint = ": " + remedy;
    }

    /** ksplat kills it now. */
    public synchronized void kills() {
        killed = true;
    }

    /** Returns what is wrong with how it ended, or did not; empty if all is well. */
    public synchronized Optional<String> failure() {
        Optional<String> failure = expected.failure(status, killed);
        return status.isEmpty() && !killed ? failure.map(why -> why + hint) : failure;
    }

    /** Returns how it ended; empty if it did not. */
    public synchronized Optional<WaitStatus> end() {
        return status.isPresent() ? Optional.of(new WaitStatus(status.getAsInt())) : Optional.empty();
    }

    /** Returns what it and the children that it has waited for took; empty if it did not end. */
    public synchronized Optional<ProcessUsage> usage() {
        return usage;
    }

    /**
     * Returns the beginning of what it printed.
     *
     * @param stream 1 for stdout, 2 for stderr
     * @param most bytes
     */
    public String printed(int stream, int most) {
        return output.head(stream, most);
    }

    /**
     * Returns the last line that it printed and that is not blank, after the name of its file; empty if there is none.
     *
     * @param stream 1 for stdout, 2 for stderr
     */
    public Optional<String> lastLine(int stream) {
        return output.tail(stream, LAST)
                .lines()
                .map(line -> line.replaceAll("[\\p{C}\\x{fffd}]", "?").strip())
                .filter(line -> !line.replace("?", "").isBlank())
                .reduce((before, last) -> last)
                .map(line -> line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...")
                .map(line -> output.name(stream) + ": " + line);
    }

    /** Returns what is wrong with its files, for people. */
    public List<String> notes() {
        return output.notes();
    }
}
