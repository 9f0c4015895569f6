// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.agent;

import com.google.protobuf.ByteString;
import io.ksplat.machine.internal.AgentTarget;
import io.ksplat.machine.internal.BpfTrials;
import io.ksplat.machine.internal.agent.proto.BpfTrial;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Trial;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Tries a program through a machine's agent. */
public final class AgentTrial {
    /** How long a machine that has printed a report may go on: its program may end all the same. */
    private static final Duration DYING = Duration.ofSeconds(1);

    private static final int STDOUT = 1;
    private static final int STDERR = 2;

    private AgentTrial() {}

    /** Tries it, and does not wait for a machine that dies of it. */
    public static BpfTrials.Result of(AgentTarget guest, BpfTrials.Trial trial, CompletableFuture<?> dying)
            throws IOException {
        Duration limit = guest.scale(trial.limit());
        BpfTrial.Builder message = BpfTrial.newBuilder()
                .setName(trial.name())
                .setObject(ByteString.copyFrom(trial.object().duplicate()))
                .setProgram(trial.program())
                .addAllBeside(trial.beside())
                .setLogLevel(trial.logLevel())
                .setFlags(trial.flags())
                .setKnownFlags(trial.knownFlags())
                .setUnprivileged(trial.unprivileged())
                .setCapabilities(trial.capabilities())
                .setRun(trial.run())
                .setLinearSize(trial.linearSize())
                .setXlated(trial.xlated())
                .setMachineCode(trial.machineCode())
                .setCustomBtf(trial.btf()
                        .map(btf -> ByteString.copyFrom(btf.duplicate()))
                        .orElse(ByteString.EMPTY))
                .setAwaitedStreams((trial.awaitsStdout() ? 1 << STDOUT : 0) | (trial.awaitsStderr() ? 1 << STDERR : 0))
                .setTimeoutMs((int) limit.toMillis());
        return result(guest.agent()
                .call(
                        Request.newBuilder().setBpfTrial(message),
                        guest.agent().patience().plus(limit),
                        dying,
                        guest.scale(DYING))
                .getTrial());
    }

    private static BpfTrials.Result result(Trial told) {
        if (told.getTimedOut()) {
            return new BpfTrials.Result.TimedOut();
        }
        if (told.getStatus() != 0) {
            return new BpfTrials.Result.Died(told.getStatus());
        }
        if (told.getNeedsPrivilege()) {
            return new BpfTrials.Result.NeedsPrivilege();
        }
        String log = told.getLog().toStringUtf8();
        if (told.getLoadError() != 0) {
            return new BpfTrials.Result.Refused(
                    told.getLoadError(), told.getWhat(), log, told.getLibbpf(), told.getLacksList());
        }
        Optional<BpfTrials.Ran> run = told.getRan() || told.getRunError() != 0
                ? Optional.of(new BpfTrials.Ran(
                        told.getRunError(),
                        told.getWhat(),
                        told.getRetval(),
                        told.getStreamOut().toStringUtf8(),
                        told.getStreamErr().toStringUtf8()))
                : Optional.empty();
        Optional<BpfTrials.MachineCode> code = told.getMachineCode().isEmpty()
                ? Optional.empty()
                : Optional.of(new BpfTrials.MachineCode(
                        told.getMachineCode().asReadOnlyByteBuffer(), told.getFunctionLengthsList()));
        return new BpfTrials.Result.Loaded(log, told.getXlated().asReadOnlyByteBuffer(), code, run, told.getJited());
    }
}
