// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.TestMachines;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With real machines of a stock kernel. */
@Tag("machine")
@Timeout(120)
class StandbyPoolTest {
    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static TestMachines machines;
    private static Template template;
    private static Template other;

    @BeforeAll
    static void twoTemplates() throws Exception {
        machines = new TestMachines();
        TemplateStore templates = new TemplateStore(machines.host(), new Cache(shared.resolve("cache")));
        template = template(templates, "quiet");
        other = template(templates, "rcu_nocbs=all");
    }

    private static Template template(TemplateStore templates, String parameter) throws Exception {
        return templates.template(
                machines.facts().kernel(), machines.config(parameter), shared.resolve("boot.log"), Progress.NONE);
    }

    @Test
    void keepsAsManyReadyAsAreStillToComeAndNoMoreThanItMay() throws Exception {
        try (StandbyPool pool = new StandbyPool(machines.host().programs())) {
            pool.limit(2);
            pool.take(template, 5).close();
            await(pool, 2);
            pool.take(template, 4).close();
            await(pool, 2);
            pool.take(template, 1).close();
            await(pool, 1);
            pool.take(template, 0).close();
            await(pool, 0);
        }
    }

    @Test
    void makesNoneThatNobodyAnnounced() throws Exception {
        try (StandbyPool pool = new StandbyPool(machines.host().programs())) {
            pool.take(template, 9).close();
            await(pool, 0);
        }
    }

    @Test
    void givesAwayMachinesThatLive() throws Exception {
        try (StandbyPool pool = new StandbyPool(machines.host().programs())) {
            pool.limit(1);
            pool.take(template, 2).close();
            await(pool, 1);
            TestMachines.signal(children().get(0).pid(), "KILL");
            while (pool.living() > 0) {
                Thread.onSpinWait();
            }

            try (Guest guest = template.wake(pool.take(template, 0), folder.resolve("console.log"))) {
                guest.awaitBeats();
            }
        }
    }

    @Test
    void machinesOfAnotherTemplateMakeRoom() throws Exception {
        try (StandbyPool pool = new StandbyPool(machines.host().programs())) {
            pool.limit(1);
            pool.take(template, 2).close();
            await(pool, 1);
            RestoredMachine first = pool.take(other, 1);
            await(pool, 1);
            assertThat(children()).as("QEMUs: the one taken, the one ready").hasSize(2);
            first.close();

            try (Guest guest = other.wake(pool.take(other, 0), folder.resolve("console.log"))) {
                assertThat(new String(
                                guest.agent().readFile("/proc/cmdline"), java.nio.charset.StandardCharsets.US_ASCII))
                        .contains("rcu_nocbs=all");
            }
        }
    }

    @Test
    void itsEndIsTheirs() throws Exception {
        StandbyPool pool = new StandbyPool(machines.host().programs());
        pool.limit(3);
        pool.take(template, 9).close();

        pool.close();

        assertThat(children()).isEmpty();
    }

    /** Waits until it has come to rest with so many machines. */
    private static void await(StandbyPool pool, int machines) throws Exception {
        pool.awaitIdle(Duration.ofSeconds(60));
        assertThat(pool.living()).isEqualTo(machines);
    }

    /** QEMUs under guards of this process. */
    private static List<ProcessHandle> children() {
        return ProcessHandle.current()
                .descendants()
                .filter(child -> child.info()
                        .command()
                        .filter(name -> name.contains("qemu"))
                        .isPresent())
                .toList();
    }
}
