// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Hello;
import io.ksplat.machine.internal.qemu.HostTools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An agent that runs on a real machine, as a process of a connection to it. Its file is gone once it runs, and it ends with the
 * connection.
 */
final class AgentLink implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final Duration REQUEST = Duration.ofSeconds(20);
    private static final Duration END = Duration.ofSeconds(5);

    /** Into memory where that may hold programs, which a distribution may forbid of each of these. */
    private static final String PUT = String.join(
            "\n",
            "umask 077",
            "for p in /run /dev/shm /tmp /var/tmp; do",
            "  d=$(mktemp -d $p/ksplat.XXXXXX 2>/dev/null) || continue",
            "  printf '#!/bin/sh\\nexit 0\\n' >$d/agent && chmod 700 $d/agent && $d/agent 2>/dev/null && break",
            "  rm -rf $d; d=",
            "done",
            "[ -n \"$d\" ] || { echo 'no folder there takes a program' >&2; exit 1; }",
            "cat >$d/agent || { rm -rf $d; exit 1; }",
            "echo $d");

    private final Process process;
    private final Path errors;
    private final AgentClient client;
    private final Hello hello;
    private final MachineEntry entry;
    private boolean ended;

    private AgentLink(Process process, Path errors, AgentClient client, Hello hello, MachineEntry entry) {
        this.process = process;
        this.errors = errors;
        this.client = client;
        this.hello = hello;
        this.entry = entry;
    }

    /**
     * Puts the agent there and starts it.
     *
     * @throws MachineException in one line: another user's lock, no root, no BPF
     */
    static AgentLink start(MachineEntry entry, Reach reach) throws IOException {
        Outcome put = reach.run(PUT, HostTools.agentProgram());
        if (put.exit() != 0 || !put.text().strip().matches("/\\S+/ksplat\\.\\w+")) {
            throw new MachineException("cannot put the agent on " + entry.name() + ": "
                    + (put.said().isEmpty() ? "exit status " + put.exit() : put.said()));
        }
        Path errors = Files.createTempFile("ksplat-agent", ".err");
        Process process = reach.start("exec " + put.text().strip() + "/agent --real '" + owner() + "'", errors);
        AgentClient client = new AgentClient(StreamChannel.of(process), entry.scale(REQUEST), Patience.Starvation.NONE);
        try {
            Hello hello = client.hello().get(entry.scale(START).toMillis(), TimeUnit.MILLISECONDS);
            return new AgentLink(process, errors, client, hello, entry);
        } catch (ExecutionException | TimeoutException e) {
            awaitEnd(process, END);
            String said = Outcome.last(Files.readString(errors, StandardCharsets.ISO_8859_1));
            close(process, errors, client);
            throw new MachineException("cannot run the agent on " + entry.name() + ": "
                    + (said.isEmpty()
                            ? "it does not answer within " + entry.scale(START).toSeconds() + " s"
                            : said));
        } catch (InterruptedException e) {
            close(process, errors, client);
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while starting the agent on " + entry.name(), e);
        }
    }

    /** Who has the machine: the next user reads it. Nothing in it may end a shell's quotes. */
    private static String owner() {
        return (System.getProperty("user.name", "somebody") + ", since "
                        + Instant.now().truncatedTo(ChronoUnit.SECONDS))
                .replaceAll("[^A-Za-z0-9 ,.:@_-]", "_");
    }

    AgentClient client() {
        return client;
    }

    Hello hello() {
        return hello;
    }

    private static boolean awaitEnd(Process process, Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void close(Process process, Path errors, AgentClient client) throws IOException {
        try {
            client.close();
        } finally {
            Outcome.kill(process);
            Files.deleteIfExists(errors);
        }
    }

    /** Hangs up: the agent ends what it has started and loaded. */
    @Override
    public void close() throws IOException {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // A connection that is gone: the agent ends when it hears nothing any more.
            process.destroy();
        }
        ended = awaitEnd(process, entry.scale(END));
        close(process, errors, client);
    }

    /** Returns, once it is closed, whether the agent has ended: one that a CPU never comes back to does not. */
    boolean hasEnded() {
        return ended;
    }
}
