// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.UnsupportedTargetException;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Exec;
import io.ksplat.machine.internal.agent.proto.Exited;
import io.ksplat.machine.internal.agent.proto.Reap;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Spawn;
import io.ksplat.machine.internal.nmi.OutsideNmis;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * NMIs of a real machine, by what it has: its PMU, which the agent sets up; else a command from outside, as fast as that goes; and
 * sysrq-l. They are counted by the kernel's own counters, in /proc/interrupts.
 */
final class RealNmis implements OutsideNmis {
    private static final Duration COMMAND = Duration.ofSeconds(20);
    private static final Duration COUNT = Duration.ofSeconds(5);
    private static final int SIGKILL = 9;

    private final MachineEntry entry;
    private final AgentClient agent;
    private final int cpus;
    private boolean fromPmu;
    /** Asked for once: a machine does not get another one. */
    private Optional<Boolean> hasPmu = Optional.empty();

    private int pmu;
    private volatile boolean sent;

    RealNmis(MachineEntry entry, AgentClient agent, int cpus) {
        this.entry = entry;
        this.agent = agent;
        this.cpus = cpus;
    }

    /** Returns whether one was ever sent: what the kernel says of unknown NMIs since is not its own. */
    boolean hasSent() {
        return sent;
    }

    @Override
    public String source() {
        return fromPmu ? "the PMU" : "the command \"" + entry.nmi().orElse("") + "\"";
    }

    @Override
    public int cpus() {
        return cpus;
    }

    @Override
    public Duration scale(Duration time) {
        return entry.scale(time);
    }

    @Override
    public void begin(double perSecond, Duration time) throws IOException {
        if (hasPmu.isEmpty()) {
            hasPmu = Optional.of(askForPmu());
        }
        fromPmu = hasPmu.get();
        if (fromPmu) {
            sent = true;
            pmu = agent.call(Request.newBuilder()
                            .setSpawn(Spawn.newBuilder()
                                    .setExec(Exec.newBuilder()
                                            .addAllArgv(
                                                    pmu(Math.max(1, Math.round(perSecond)), time.toSeconds() + 1)))))
                    .getProcess()
                    .getPid();
        } else if (entry.nmi().isEmpty()) {
            throw new UnsupportedTargetException(
                    entry.name() + " can send no storm of NMIs: it has no hardware PMU"
                            + " (perf_event_open), and no command (nmi = \"ipmitool ... chassis power diag\" in machines.toml)");
        }
    }

    private static List<String> pmu(long rate, long seconds) {
        // Before execve(2) the child is still the agent: its own file is gone.
        return List.of("/proc/self/exe", "--pmu", Long.toString(rate), Long.toString(seconds));
    }

    private boolean askForPmu() throws IOException {
        Exited tried = agent.call(
                        Request.newBuilder()
                                .setExec(Exec.newBuilder().addAllArgv(pmu(1, 1)).setTimeoutMs((int)
                                        entry.scale(COMMAND).toMillis())),
                        entry.scale(COMMAND).multipliedBy(2))
                .getExited();
        return tried.getStatus() == 0 && !tried.getTimedOut();
    }

    @Override
    public void send() throws IOException {
        if (fromPmu || entry.nmi().isEmpty()) {
            return;
        }
        sent = true;
        Outcome outcome = Outcome.of(Outcome.shell(entry.nmi().get()), new byte[0], entry.scale(COMMAND));
        if (outcome.exit() != 0) {
            throw new MachineException(
                    "the command that sends an NMI to " + entry.name() + " failed: " + outcome.said());
        }
    }

    /** Sends one by the command alone: the agent may be dead. */
    void poke() throws IOException {
        fromPmu = false;
        send();
    }

    @Override
    public void end() throws IOException {
        if (fromPmu) {
            agent.call(Request.newBuilder()
                    .setReap(Reap.newBuilder().setPid(pmu).setSignal(SIGKILL).setTimeoutMs((int)
                            entry.scale(COMMAND).toMillis())));
        }
    }

    @Override
    public long taken() throws IOException {
        // Asked for again and again, and of a machine that may have died of it: a small file needs no long wait.
        byte[] interrupts = agent.readFile("/proc/interrupts", 0, entry.scale(COUNT));
        return taken(new String(interrupts, StandardCharsets.US_ASCII));
    }

    static long taken(String interrupts) throws MachineException {
        String row = interrupts
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("NMI:"))
                .findFirst()
                .orElseThrow(() -> new MachineException(
                        "this kernel does not tell how many NMIs it has handled: no NMI in" + " /proc/interrupts"));
        return Arrays.stream(row.substring("NMI:".length()).strip().split("\\s+"))
                .takeWhile(word -> word.matches("\\d{1,18}"))
                .mapToLong(Long::parseLong)
                .sum();
    }

    @Override
    public void sysrq() throws IOException {
        sent = true;
        // Otherwise the kernel prints a help text and does nothing.
        String before = new String(agent.readFile("/proc/sys/kernel/sysrq"), StandardCharsets.US_ASCII).strip();
        agent.writeFile("/proc/sys/kernel/sysrq", "1");
        agent.writeFile("/proc/sysrq-trigger", "l");
        agent.writeFile("/proc/sys/kernel/sysrq", before);
    }
}
