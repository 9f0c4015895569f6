// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.Control;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.internal.forensics.pending.ArmedTimer;
import io.ksplat.machine.internal.forensics.pending.Pending;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Whether a machine has nothing more to do for its experiment. What a {@code bpf_timer} will do is not known before it has fired: while one
 * is armed, and due in time, a machine is watched on. Time is the guest's.
 */
final class Quiet {
    /** Within how much of the guest's time a timer must be due to be waited for, unless the scenario names a time. */
    static final Duration WITHIN = Duration.ofSeconds(10);

    /** After so many times a timer that arms itself again is periodic: it has shown what it does. */
    private static final int PERIODIC = 3;

    /** How often to look again before a timer is due: one may have been armed or cancelled meanwhile. */
    private static final Duration AGAIN = Duration.ofMillis(200);

    /** What a guest that was not let run may take longer than its own clock says. */
    private static final int SLOWEST = 4;

    /** How many times longer than a machine is watched a guest may be starved on top of that. */
    private static final int STARVED = 10;

    private final Pending pending;
    private final Optional<Duration> asked;
    private final BooleanSupplier over;
    private final Duration within;
    private final Duration least;
    private final Duration settling;
    private final Map<Long, Seen> timers = new HashMap<>();
    private final List<String> notes = new ArrayList<>();
    private Optional<State> state = Optional.empty();

    /** Once a machine was looked at. */
    private static final class State {
        private final OptionalLong began;
        private final long beganHost = System.nanoTime();
        private final Deadline last;
        private Deadline look = Deadline.in(Duration.ZERO);
        private Deadline told;
        private OptionalLong horizon = OptionalLong.empty();
        private boolean confirmed;
        private Optional<Deadline> settled = Optional.empty();
        private boolean awaited;
        private boolean changed;
        private boolean ended;
        private boolean failed;

        State(OptionalLong began, Duration most, Duration untold) {
            this.began = began;
            this.last = Deadline.in(most);
            this.told = Deadline.in(untold);
        }
    }

    /** A timer, when it was last seen to be due, and how often that had changed. */
    private record Seen(long expiresNanos, int fired) {}

    private static final Seen NEVER_FIRED = new Seen(0, 0);

    /**
     * Watches a machine that has begun to be watched.
     *
     * @param asked for how long the scenario wants it watched
     * @param over whether it need not be watched for that long any more
     * @param least for how long it is watched whatever is pending
     * @param settling how long a machine is watched after the last thing has happened
     */
    Quiet(Pending pending, Optional<Duration> asked, BooleanSupplier over, Duration least, Duration settling) {
        this.pending = pending;
        this.asked = asked;
        this.over = over;
        this.least = asked.filter(time -> time.compareTo(least) > 0).orElse(least);
        this.within = asked.orElse(WITHIN);
        this.settling = settling;
    }

    /** Begins, if there is a time to watch: it counts from the end of the scenario's code. */
    void begin() throws IOException {
        if (!least.isZero()) {
            state();
        }
    }

    /** Returns whether something has happened since the last call, after which the CPUs must live on. */
    boolean hasChanged() {
        boolean changed = state.map(there -> there.changed).orElse(false);
        state.ifPresent(there -> there.changed = false);
        return changed;
    }

    /** Returns whether to go on although the controls' time is up. */
    boolean isAwaiting() throws IOException {
        if (!isOver()) {
            return true;
        }
        return state.flatMap(there -> there.settled)
                .map(settled -> !settled.expired())
                .orElse(false);
    }

    /** Returns whether nothing more is to be waited for; looks at the machine if it is time to. */
    boolean isOver() throws IOException {
        State now = state();
        if (now.ended || !now.look.expired()) {
            return now.ended && !now.changed;
        }
        Optional<List<ArmedTimer>> armed = pending.canTell() ? pending.timers() : Optional.of(List.of());
        // After the timers: on a busy host much of the guest's time passes between two looks.
        OptionalLong clock = pending.guestNanos();
        // A timer that arms itself again is judged by its period, however late it is looked at.
        now.horizon = asked.isPresent() ? now.began : clock;
        boolean timeLeft = !over.getAsBoolean() && passed(now, clock) < least.toNanos();
        if (armed.isPresent()) {
            now.told = Deadline.in(settling);
            note(armed.get());
        }
        List<ArmedTimer> open = armed.map(this::open).orElse(List.of());
        List<ArmedTimer> soon =
                open.stream().filter(timer -> isSoon(timer, now)).toList();
        now.awaited |= !soon.isEmpty();
        boolean unknown = armed.isEmpty();
        if (now.last.expired() || (unknown && now.told.expired())) {
            end(now, open, unknown, timeLeft);
        } else if (unknown || timeLeft || !soon.isEmpty()) {
            now.confirmed = false;
            now.look = Deadline.in(unknown ? Duration.ZERO : next(soon, clock));
        } else if (now.awaited && !now.confirmed) {
            // A timer whose callback runs just now is in no tree, and the callback may arm it again.
            now.confirmed = true;
            now.look = Deadline.in(AGAIN);
        } else {
            end(now, open, false, false);
        }
        return now.ended && !now.changed;
    }

    private static long passed(State now, OptionalLong clock) {
        return clock.isPresent() && now.began.isPresent()
                ? clock.getAsLong() - now.began.getAsLong()
                : System.nanoTime() - now.beganHost;
    }

    private boolean isSoon(ArmedTimer timer, State now) {
        return now.horizon.isEmpty() || timer.expiresNanos() - now.horizon.getAsLong() <= within.toNanos();
    }

    private State state() throws IOException {
        if (state.isEmpty()) {
            state = Optional.of(new State(
                    pending.guestNanos(), within.multipliedBy(SLOWEST).plus(settling.multipliedBy(STARVED)), settling));
        }
        return state.get();
    }

    private void note(List<ArmedTimer> armed) {
        for (ArmedTimer timer : armed) {
            Seen before = timers.get(timer.address());
            int fired = before == null ? 0 : before.fired + (before.expiresNanos == timer.expiresNanos() ? 0 : 1);
            timers.put(timer.address(), new Seen(timer.expiresNanos(), fired));
        }
    }

    private List<ArmedTimer> open(List<ArmedTimer> armed) {
        return armed.stream()
                .filter(timer -> timers.getOrDefault(timer.address(), NEVER_FIRED).fired < PERIODIC)
                .toList();
    }

    private static Duration next(List<ArmedTimer> soon, OptionalLong clock) {
        long due = soon.stream().mapToLong(ArmedTimer::expiresNanos).min().orElse(Long.MAX_VALUE);
        long left = clock.isPresent() ? due - clock.getAsLong() : 0;
        return Duration.ofNanos(Math.max(0, Math.min(left, AGAIN.toNanos())));
    }

    private void end(State now, List<ArmedTimer> open, boolean unknown, boolean timeLeft) {
        now.ended = true;
        now.changed = now.awaited || !least.isZero();
        now.settled = now.changed ? Optional.of(Deadline.in(settling)) : Optional.empty();
        // A scenario that names a time has decided what it waits for.
        boolean late = !open.isEmpty() && (asked.isEmpty() || open.stream().anyMatch(timer -> isSoon(timer, now)));
        now.failed = timeLeft || late || (unknown && now.awaited);
        if (!open.isEmpty()) {
            notes.add((open.size() == 1 ? "a bpf_timer is" : open.size() + " bpf_timers are") + " still armed ("
                    + open.stream().map(ArmedTimer::name).distinct().limit(3).collect(Collectors.joining(", "))
                    + "), and not due within " + seconds(within.toNanos())
                    + " of the guest's time:"
                    + " machine.watch(...) says how long to watch");
        }
        if (unknown || !pending.canTell()) {
            notes.add("whether a bpf_timer is still armed could not be told on this machine");
        }
        if (timeLeft) {
            notes.add("the guest's clock did not come as far as " + seconds(least.toNanos()) + " while "
                    + seconds(System.nanoTime() - now.beganHost) + " passed on the host");
        }
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
    }

    /** Returns the controls with its own one, if there was something to wait for: that nothing was is the usual case. */
    List<Control> with(List<Control> controls) {
        boolean shown = asked.isPresent()
                || state.map(there -> there.awaited || there.failed).orElse(false);
        if (!shown || controls.isEmpty()) {
            return controls;
        }
        List<Control> all = new ArrayList<>(controls);
        boolean passed = state.map(there -> there.ended && !there.failed).orElse(false);
        all.add(Control.observer("quiet", 1, passed ? 1 : 0));
        return all;
    }

    /** Returns what people should know of it. */
    List<String> notes() {
        return List.copyOf(notes);
    }
}
