// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import com.google.protobuf.ByteString;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Exec;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Spawn;
import io.ksplat.machine.internal.arch.Arch;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A shell in a guest, on its serial console, or one command whose output and exit code come back. */
public final class GuestShell {
    private static final Logger LOG = LoggerFactory.getLogger(GuestShell.class);

    private static final int NAME = 1;
    private static final Duration DRAIN = Duration.ofMillis(100);

    /** A living machine's hearts beat many times a second. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private static final long LOOK_MS = 200;

    private static final List<String> FOLDERS = List.of("/bin", "/sbin", "/etc", "/root");
    private static final int MODE = 0755;
    private static final int ENOTDIR = 20;

    /** The agent is PID 1 and takes no orders: these act at once. */
    private static final List<String> ENDINGS = List.of("poweroff", "halt", "reboot");

    /** What a shell reads at its start. The words of its prompt are those of bash and busybox. */
    private static final String PROFILE = """
            export PATH=%2$s HOME=/root
            PS1='\\[\\033[1m\\]$(uname -r)\\[\\033[0m\\]:\\w# '
            poweroff() { %1$s poweroff -f; }
            halt() { %1$s poweroff -f; }
            reboot() { %1$s poweroff -f; }
            cd /root
            """;

    /** In a root file system nothing of its own is replaced: what ksplat brings lies here, in memory. */
    private static final String TOOLS = "/run/ksplat";

    private static final String TOOLS_PROFILE = TOOLS + "/profile";

    /** Other shells show the words of a prompt as they are. */
    private static final String PLAIN_PROMPT = "test -n \"$BASH_VERSION\" || PS1=\"$(uname -r)# \"\n";

    private final Guest guest;
    private final AgentClient agent;
    private final Words words;

    /**
     * How things are called in the guest.
     *
     * @param sh what takes {@code -c}
     * @param login the shell of a person
     */
    private record Words(String busybox, List<String> sh, String login, String path) {
        static final Words OWN = new Words("/bin/busybox", List.of("/bin/sh"), "/bin/sh -l", "/sbin:/bin");

        Words {
            sh = List.copyOf(sh);
        }

        /** Returns those of a root file system, which may have no shell. */
        static Words ofRoot(AgentClient agent) throws IOException {
            String busybox = TOOLS + "/busybox";
            List<String> sh = isFile(agent, "/bin/sh") ? List.of("/bin/sh") : List.of(busybox, "sh");
            String login = isFile(agent, "/bin/bash")
                    ? "/bin/bash --rcfile " + TOOLS_PROFILE + " -i"
                    : busybox + " env ENV=" + TOOLS_PROFILE + " " + String.join(" ", sh) + " -i";
            return new Words(
                    busybox, sh, login, TOOLS + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        }

        private static boolean isFile(AgentClient agent, String path) throws IOException {
            try {
                // A file is no directory, and what is not there has another error.
                agent.readFile(path + "/.");
                return false;
            } catch (AgentException e) {
                return e.errno() == ENOTDIR;
            }
        }
    }

    private GuestShell(Guest guest, Words words) {
        this.guest = guest;
        this.agent = guest.agent();
        this.words = words;
    }

    /** Installs one beside the root file system that a guest has booted with. */
    public static GuestShell installInRoot(Guest guest, Path busybox) throws IOException {
        AgentClient agent = guest.agent();
        guest.makeDirectory(TOOLS, MODE);
        guest.makeDirectory("/root", MODE);
        Words words = Words.ofRoot(agent);
        agent.writeProgram(words.busybox, Files.readAllBytes(busybox));
        writeEndings(agent, TOOLS, words.busybox);
        agent.writeFile(TOOLS_PROFILE, PROFILE.formatted(words.busybox, words.path) + PLAIN_PROMPT);
        return ready(new GuestShell(guest, words));
    }

    private static void writeEndings(AgentClient agent, String folder, String busybox) throws IOException {
        for (String ending : ENDINGS) {
            agent.writeProgram(
                    folder + "/" + ending,
                    ByteString.copyFromUtf8("#!" + busybox + " sh\nexec " + busybox + " poweroff -f\n")
                            .toByteArray());
        }
    }

    private static GuestShell ready(GuestShell shell) throws IOException {
        // The boot line makes an oops end the machine, for failed boots. A panic still does: nothing works after one.
        shell.agent.writeFile("/proc/sys/kernel/panic_on_oops", "0");
        return shell;
    }

    /** Installs busybox in a guest that has booted. */
    public static GuestShell install(Guest guest, Path busybox) throws IOException {
        AgentClient agent = guest.agent();
        // Some are there: the kernel's own initramfs has /root.
        for (String folder : FOLDERS) {
            guest.makeDirectory(folder, MODE);
        }
        Words words = Words.OWN;
        agent.writeProgram(words.busybox, Files.readAllBytes(busybox));
        guest.run(Processes.Command.of(words.busybox, "--install", "-s", "/bin"));
        writeEndings(agent, "/sbin", words.busybox);
        // Nothing that is there in every Linux may surprise.
        agent.writeFile("/etc/profile", PROFILE.formatted(words.busybox, words.path));
        agent.writeFile("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
        agent.writeFile("/etc/group", "root:x:0:\n");
        return ready(new GuestShell(guest, words));
    }

    /**
     * How it ended.
     *
     * @param code the exit code of the command or the shell; empty if the machine ended first
     * @param poweredOff whether the machine ended as one does that powers off
     * @param machine what is known of the machine's end
     */
    public record End(OptionalInt code, boolean poweredOff, String machine) {}

    /**
     * Runs a command to its end.
     *
     * @param limit the machine's time; a command may hang, and so may its kernel
     * @throws MachineException.Late if it did not end in that time
     */
    public End run(List<String> command, OutputStream out, OutputStream err, Duration limit) throws IOException {
        // The shell looks for it, and has the exit codes that people know if it is not there.
        List<String> argv = new ArrayList<>(words.sh);
        argv.addAll(List.of("-c", "cd /root; exec \"$@\"", "sh"));
        argv.addAll(command);
        CompletableFuture<Integer> ended = start(argv, List.of(), out, err);
        CompletableFuture<?> either = CompletableFuture.anyOf(ended, guest.vm().exit());
        try {
            return await(either, limit)
                    ? end(ended)
                    : new End(OptionalInt.empty(), false, "no CPU's heart beats any more");
        } catch (ExecutionException e) {
            throw new MachineException("waiting for the command failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while waiting for the command", e);
        }
    }

    /**
     * Waits for an end. A kernel that panics restarts, which ends its machine; but under TCG a restart may go astray, and a CPU
     * then runs what is no code, for ever.
     *
     * @return false if every CPU's heart has stopped
     */
    private boolean await(CompletableFuture<?> end, Duration limit)
            throws IOException, ExecutionException, InterruptedException {
        Patience patience = Patience.of(limit, guest::starvedNanos);
        Patience silence = Patience.of(guest.scale(SILENCE), guest::starvedNanos);
        long beats = beats();
        while (!patience.expired()) {
            try {
                end.get(LOOK_MS, TimeUnit.MILLISECONDS);
                return true;
            } catch (TimeoutException e) {
                long now = beats();
                if (now != beats) {
                    beats = now;
                    silence = Patience.of(guest.scale(SILENCE), guest::starvedNanos);
                } else if (silence.expired()) {
                    return end.isDone();
                }
            }
        }
        throw new MachineException.Late("the command did not end within " + patience);
    }

    private long beats() {
        try {
            return LongStream.of(guest.heartbeats().read()).sum();
        } catch (IOException e) {
            LOG.debug("reading the heartbeats of a machine that may just end", e);
            return 0;
        }
    }

    private End end(CompletableFuture<Integer> ended) {
        return ended.isDone()
                ? new End(OptionalInt.of(ended.join()), false, "")
                : new End(
                        OptionalInt.empty(),
                        guest.vm().exit().join() == 0,
                        guest.vm().exitMessage());
    }

    private CompletableFuture<Integer> start(
            List<String> argv, List<String> environment, OutputStream out, OutputStream err) throws IOException {
        CompletableFuture<Integer> ended = new CompletableFuture<>();
        agent.listen(NAME, told -> {
            try {
                if (told.hasOutput()) {
                    OutputStream to = told.getOutput().getStream() == 1 ? out : err;
                    told.getOutput().getData().writeTo(to);
                    to.flush();
                    if (told.getOutput().getCut()) {
                        err.write("ksplat: the rest of this output is cut off\n".getBytes(StandardCharsets.US_ASCII));
                    }
                } else if (told.hasEnded()) {
                    ended.complete(new WaitStatus(told.getEnded().getStatus()).code());
                }
            } catch (IOException e) {
                ended.completeExceptionally(e);
            }
        });
        agent.call(Request.newBuilder()
                .setSpawn(Spawn.newBuilder()
                        .setName(NAME)
                        .setExec(Exec.newBuilder()
                                .addAllArgv(argv)
                                .addEnv("PATH=" + words.path)
                                .addEnv("HOME=/root")
                                .addAllEnv(environment))));
        return ended;
    }

    /** A shell for a person. */
    public final class Interactive {
        private final CompletableFuture<Integer> ended;

        private Interactive(CompletableFuture<Integer> ended) {
            this.ended = ended;
        }

        /** Passes on keys; some may be lost if the machine ends meanwhile. */
        public void type(byte[] keys, int length) throws IOException {
            guest.vm().console().type(keys, length);
        }

        /** Tells the size of the terminal. */
        public void resize(int rows, int columns) throws IOException {
            agent.send(Request.newBuilder()
                    .setExec(Exec.newBuilder()
                            .addAllArgv(List.of(
                                    words.busybox,
                                    "stty",
                                    "-F",
                                    tty(),
                                    "rows",
                                    Integer.toString(rows),
                                    "cols",
                                    Integer.toString(columns)))));
        }

        /** Ends it now. */
        public void leave() {
            ended.complete(0);
        }

        /** Waits until the shell or the machine has ended: that takes as long as its user likes. */
        public End await() throws IOException {
            try {
                CompletableFuture.anyOf(ended, guest.vm().exit()).get();
                guest.vm().console().awaitQuiet(DRAIN);
            } catch (ExecutionException e) {
                throw new MachineException("the shell failed: " + e.getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new MachineException("interrupted in the shell", e);
            }
            return end(ended);
        }
    }

    /** Starts a shell on the serial console. */
    public Interactive open(String terminalType, OutputStream out) throws IOException {
        // Warnings and worse are printed between what the shell prints.
        agent.writeFile("/proc/sys/kernel/printk", "5");
        String token = "ksplat-" + UUID.randomUUID();
        CompletableFuture<Void> begun = guest.vm().console().readAfter(token, (bytes, offset, length) -> {
            try {
                out.write(bytes, offset, length);
                out.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        // The first shell leads its group, which setsid must not: it waits.
        String script = "exec <" + tty() + " >" + tty() + " 2>&1; " + words.busybox + " stty sane 115200; printf "
                + token + "; " + words.busybox + " setsid -c " + words.login + "; exit $?";
        List<String> argv = new ArrayList<>(words.sh);
        argv.addAll(List.of("-c", script));
        CompletableFuture<Integer> ended = start(
                argv,
                List.of("TERM=" + terminalType),
                OutputStream.nullOutputStream(),
                OutputStream.nullOutputStream());
        Duration limit = guest.scale(Duration.ofSeconds(10));
        try {
            CompletableFuture.anyOf(begun, ended, guest.vm().exit()).get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new MachineException.Late("no shell on the machine's console within " + limit.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new MachineException("the shell failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while starting the shell", e);
        }
        return new Interactive(ended);
    }

    private static String tty() {
        return "/dev/" + Arch.guest().serialConsole();
    }
}
