// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Control;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.internal.forensics.pending.ArmedTimer;
import io.ksplat.machine.internal.forensics.pending.Pending;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class QuietTest {
    private static final long SECOND = 1_000_000_000L;
    private static final List<Control> RAN = List.of(Control.effect("ran", 1, 1));

    private final Scripted machine = new Scripted();

    /** A machine whose clock moves on by a second with each look at it. */
    private static final class Scripted implements Pending {
        private final List<Long> due = new ArrayList<>();
        private long period;
        private long now;
        private int looks;
        /** The look at which a timer's callback runs. */
        private int firing;

        private boolean tells = true;
        private boolean readable = true;
        private boolean stands;
        private boolean clock = true;

        @Override
        public OptionalLong guestNanos() {
            now += stands ? 0 : SECOND;
            return clock ? OptionalLong.of(now) : OptionalLong.empty();
        }

        @Override
        public boolean canTell() {
            return tells;
        }

        @Override
        public Optional<List<ArmedTimer>> timers() {
            looks++;
            List<ArmedTimer> armed = new ArrayList<>();
            for (int i = 0; i < due.size(); i++) {
                long at = due.get(i);
                while (period > 0 && at <= now) {
                    at += period;
                }
                due.set(i, at);
                if (at > now) {
                    armed.add(new ArmedTimer(i + 1, at, Optional.of("bpf_prog_0123456789abcdef_late")));
                }
            }
            if (looks == firing) {
                armed.clear();
            }
            return readable ? Optional.of(armed) : Optional.empty();
        }
    }

    private Quiet quiet(Optional<Duration> asked, Duration least) {
        return new Quiet(machine, asked, () -> false, least, Duration.ofMillis(20));
    }

    private static boolean end(Quiet quiet) throws IOException {
        boolean changed = false;
        Deadline deadline = Deadline.in(Duration.ofSeconds(30));
        while (!quiet.isOver()) {
            changed |= quiet.hasChanged();
            assertThat(deadline.expired()).as("it ends").isFalse();
        }
        return changed;
    }

    private static Optional<Boolean> control(Quiet quiet) {
        return quiet.with(RAN).stream()
                .filter(control -> control.name().equals("quiet"))
                .map(Control::passed)
                .findFirst();
    }

    @Test
    void oneLookIsEnoughWhereNothingIsPending() throws Exception {
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);
        quiet.begin();

        assertThat(quiet.isOver()).isTrue();
        assertThat(quiet.isAwaiting()).isFalse();
        assertThat(quiet.hasChanged()).isFalse();
        assertThat(machine.looks).isEqualTo(1);
        assertThat(quiet.with(RAN)).isEqualTo(RAN);
        assertThat(quiet.notes()).isEmpty();
    }

    @Test
    void aTimerIsAwaitedAndTheCpusMustLiveOnAfterIt() throws Exception {
        machine.due.add(5 * SECOND);
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);

        assertThat(quiet.isOver()).isFalse();
        assertThat(quiet.isAwaiting()).isTrue();
        assertThat(end(quiet)).as("something has happened").isTrue();
        assertThat(machine.now).isGreaterThan(5 * SECOND);
        assertThat(control(quiet)).contains(true);
    }

    @Test
    void aTimerThatIsDueTooLateFails() throws Exception {
        machine.due.add(3600 * SECOND);
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);

        assertThat(quiet.isOver()).isTrue();
        assertThat(control(quiet)).contains(false);
        assertThat(quiet.notes())
                .singleElement()
                .asString()
                .contains("a bpf_timer is still armed (late), and not due within 10.0 s of the guest's time");
    }

    @Test
    void aPeriodicTimerIsAwaitedThreeTimes() throws Exception {
        machine.due.add(2 * SECOND);
        machine.period = SECOND;
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);

        end(quiet);

        assertThat(machine.now).as("its third time, and a look more").isEqualTo(6 * SECOND);
        assertThat(control(quiet)).contains(true);
    }

    /** Meanwhile it is in no tree. */
    @Test
    void aTimerWhoseCallbackRunsIsLookedForOnceMore() throws Exception {
        machine.due.add(3 * SECOND);
        machine.period = SECOND;
        machine.firing = 2;
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);

        end(quiet);

        assertThat(machine.looks).isGreaterThan(3);
        assertThat(control(quiet)).contains(true);
    }

    @Test
    void aTimerThatIsStillArmedWithinTheTimeThatIsAskedForFails() throws Exception {
        machine.stands = true;
        machine.due.add(2_000_000L);
        Quiet quiet =
                new Quiet(machine, Optional.of(Duration.ofMillis(5)), () -> true, Duration.ZERO, Duration.ofMillis(20));

        end(quiet);

        assertThat(control(quiet)).contains(false);
    }

    @Test
    void whatWasAwaitedAndCannotBeToldAnyMoreFails() throws Exception {
        machine.due.add(5 * SECOND);
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);
        assertThat(quiet.isOver()).isFalse();
        machine.readable = false;

        end(quiet);

        assertThat(control(quiet)).contains(false);
    }

    @Test
    void aTimeThatIsAskedForPassesInTheGuest() throws Exception {
        Quiet quiet = quiet(Optional.of(Duration.ofSeconds(5)), Duration.ZERO);
        quiet.begin();

        end(quiet);

        assertThat(machine.now).isGreaterThanOrEqualTo(6 * SECOND);
        assertThat(control(quiet)).contains(true);
    }

    @Test
    void aTimeThatIsAskedForEndsTheWaitForTimersToo() throws Exception {
        machine.due.add(3600 * SECOND);
        Quiet quiet = quiet(Optional.of(Duration.ofSeconds(2)), Duration.ZERO);
        quiet.begin();

        end(quiet);

        assertThat(control(quiet)).contains(true);
        assertThat(quiet.notes()).singleElement().asString().contains("still armed");
    }

    @Test
    void aGuestWhoseClockStandsStillFails() throws Exception {
        machine.stands = true;
        Quiet quiet = quiet(Optional.of(Duration.ofMillis(5)), Duration.ZERO);
        quiet.begin();

        end(quiet);

        assertThat(control(quiet)).contains(false);
        assertThat(quiet.notes()).singleElement().asString().contains("the guest's clock did not come as far");
    }

    @Test
    void aBoundIsJudgedNoSoonerThanTheLeastTime() throws Exception {
        Quiet quiet = quiet(Optional.empty(), Duration.ofSeconds(3));
        quiet.begin();

        assertThat(quiet.isOver()).isFalse();
        end(quiet);

        assertThat(machine.now).isGreaterThanOrEqualTo(4 * SECOND);
        assertThat(control(quiet)).as("nothing was pending, and nobody asked").isEmpty();
    }

    @Test
    void whatCannotBeToldIsSaid() throws Exception {
        machine.tells = false;
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);

        assertThat(quiet.isOver()).isTrue();
        assertThat(quiet.notes()).singleElement().asString().contains("could not be told");
        assertThat(control(quiet)).isEmpty();
    }

    @Test
    void memoryThatCannotBeReadNowIsTriedAgainForAWhile() throws Exception {
        machine.readable = false;
        Quiet quiet = quiet(Optional.empty(), Duration.ZERO);

        assertThat(quiet.isOver()).isFalse();
        end(quiet);

        assertThat(machine.looks).isGreaterThan(1);
        assertThat(quiet.notes()).singleElement().asString().contains("could not be told");
        assertThat(control(quiet)).as("nothing was awaited").isEmpty();
    }

    @Test
    void aTimerThatIsDueJustInTimeIsAwaited() throws Exception {
        // The clock stands at 1 s when the wait begins, and at 2 s at its first look.
        machine.due.add(12 * SECOND);
        assertThat(quiet(Optional.empty(), Duration.ZERO).isOver()).isFalse();
    }

    @Test
    void aTimerIsJudgedByTheTimeAtWhichItIsLookedAt() throws Exception {
        Quiet quiet = quiet(Optional.empty(), Duration.ofSeconds(5));
        quiet.begin();
        machine.now += 8 * SECOND;
        machine.due.add(13 * SECOND);

        end(quiet);

        assertThat(machine.now).isGreaterThan(13 * SECOND);
        assertThat(control(quiet)).contains(true);
    }

    @Test
    void aTimeThatIsAskedForCountsFromTheBeginning() throws Exception {
        machine.due.add(4_500_000_000L);
        Quiet quiet = quiet(Optional.of(Duration.ofSeconds(2)), Duration.ZERO);
        quiet.begin();

        end(quiet);

        assertThat(machine.now).as("a look a second").isEqualTo(3 * SECOND);
    }

    @Test
    void theLeastTimeCountsFromTheBeginning() throws Exception {
        Quiet quiet = quiet(Optional.empty(), Duration.ofSeconds(5));
        quiet.begin();
        machine.now += 10 * SECOND;

        end(quiet);

        assertThat(machine.looks).isEqualTo(1);
    }

    @Test
    void aTimeThatIsAskedForShortensNoOtherOne() throws Exception {
        Quiet quiet = quiet(Optional.of(Duration.ofSeconds(2)), Duration.ofSeconds(5));
        quiet.begin();

        end(quiet);

        assertThat(machine.now).isGreaterThanOrEqualTo(6 * SECOND);
    }

    @Test
    void aGuestWithoutAClockIsWatchedByTheHosts() throws Exception {
        machine.clock = false;
        Quiet quiet = quiet(Optional.of(Duration.ofMinutes(4)), Duration.ZERO);
        quiet.begin();

        assertThat(quiet.isOver()).isFalse();
        assertThat(quiet.hasChanged()).as("it goes on").isFalse();
    }

    @Test
    void afterTheLastChangeTheMachineIsGivenTimeToDie() throws Exception {
        Quiet patient = new Quiet(machine, Optional.empty(), () -> false, Duration.ofSeconds(1), Duration.ofHours(1));
        patient.begin();
        end(patient);
        assertThat(patient.isAwaiting()).isTrue();

        Quiet none = new Quiet(machine, Optional.empty(), () -> false, Duration.ofSeconds(1), Duration.ZERO);
        none.begin();
        end(none);
        assertThat(none.isAwaiting()).isFalse();
    }
}
