// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Device;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.ksplat.container.internal.ContainerSite;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.Channel;
import io.ksplat.machine.internal.qemu.LaunchSpec;
import io.ksplat.machine.internal.qemu.QemuLauncher;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.output.OutputFrame.OutputType;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/**
 * A machine in a container: QEMU under ksplat-guard. All connections to it are TCP ({@link Channel}): QMP, the console,
 * the agent, the gdbstub, and the guard's own, which keeps the machine alive. When the guard's connection ends, because
 * this process closed it or died, the container ends and is removed, without Testcontainers' Ryuk.
 *
 * <p>The container has no privileges and no capabilities. It gets the device /dev/kvm if the machine uses KVM. Files
 * are copied into it, because the daemon may run on another host.
 *
 * <p>Its ports are mapped to free ports of the Docker host, on the loopback address if that is this host. If the daemon
 * has no bridge (dockerd --bridge=none), ports cannot be mapped. {@link #withHostNetwork} then shares the host's network
 * and listens on free ports of its loopback address.
 *
 * <pre>{@code
 * // java -Dksplat.container=$(vm-images/container/image) ..., or for one machine:
 * try (KernelContainer container = new KernelContainer(image, command)) {
 *     container.start();
 * }
 * }</pre>
 */
public final class KernelContainer extends GenericContainer<KernelContainer> implements QemuLauncher.Running {
    private static final Logger LOG = LoggerFactory.getLogger(KernelContainer.class);

    private static final Duration START = Duration.ofMinutes(1);
    private static final Duration REMOVAL = Duration.ofSeconds(20);
    private static final long LOOK_EVERY_MS = 20;

    /** The first port in the container. */
    private static final int FIRST_PORT = 7101;

    private static final String LOOPBACK = "127.0.0.1";
    private static final String LISTENING = "listening ";
    private static final int EXECUTABLE = 0755;

    private final LaunchSpec command;
    private final Map<Channel, Integer> hostPorts = new EnumMap<>(Channel.class);
    private boolean hostNetwork;

    /**
     * Prepares a machine, without starting it. The first client that connects to {@link Channel#GUARD} owns it; {@link
     * io.ksplat.machine.internal.qemu.VirtualMachine#start} does this.
     *
     * @param image contains QEMU, as made by {@code vm-images/container/image}; it is never pulled
     */
    public KernelContainer(String image, LaunchSpec command) {
        super(DockerImageName.parse(image));
        this.command = command;
        withImagePullPolicy(name -> false);
        withStartupTimeout(START);
        withLabel(ContainerSite.LABEL, "machine");
        waitingFor(Wait.forLogMessage(".*" + LISTENING + "[0-9 ]+\\s*", 1).withStartupTimeout(START));
    }

    /** Shares the network of the Docker host, which must be this host. */
    public KernelContainer withHostNetwork() {
        hostNetwork = true;
        return this;
    }

    @Override
    protected void configure() {
        command.files()
                .forEach((there, here) -> withCopyFileToContainer(MountableFile.forHostPath(here, EXECUTABLE), there));
        if (hostNetwork) {
            withNetworkMode("host");
            setCommand(command.words(channel -> LOOPBACK + ":0").toArray(String[]::new));
        } else {
            withExposedPorts(
                    Arrays.stream(Channel.values()).map(KernelContainer::port).toArray(Integer[]::new));
            setCommand(command.words(channel -> "0.0.0.0:" + port(channel)).toArray(String[]::new));
        }
        withCreateContainerCmdModifier(this::harden);
    }

    private static int port(Channel channel) {
        return FIRST_PORT + List.of(Channel.values()).indexOf(channel);
    }

    private void harden(CreateContainerCmd create) {
        HostConfig host = create.getHostConfig();
        if (host == null) {
            throw new IllegalStateException("Testcontainers gives a container no host configuration");
        }
        host.withAutoRemove(true).withCapDrop(Capability.ALL).withSecurityOpts(List.of("no-new-privileges"));
        if (command.config().accelerator() == Accelerator.KVM) {
            host.withDevices(new Device("rwm", "/dev/kvm", "/dev/kvm"));
        }
        if (!hostNetwork && isLoopback(getHost())) {
            // By default Docker listens on every address of the host.
            host.withPortBindings(Arrays.stream(Channel.values())
                    .map(channel -> new PortBinding(Ports.Binding.bindIp(LOOPBACK), ExposedPort.tcp(port(channel))))
                    .toList());
        }
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.equals(LOOPBACK);
    }

    /** Reads the ports that the guard printed. */
    @Override
    protected void containerIsStarted(com.github.dockerjava.api.command.InspectContainerResponse info) {
        if (!hostNetwork) {
            return;
        }
        String line = getLogs(OutputType.STDOUT)
                .lines()
                .filter(text -> text.startsWith(LISTENING))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the guard did not print its ports"));
        String[] ports = line.substring(LISTENING.length()).strip().split(" ", -1);
        Channel[] channels = Channel.values();
        for (int i = 0; i < channels.length; i++) {
            hostPorts.put(channels[i], Integer.parseInt(ports[i]));
        }
    }

    @Override
    public InetSocketAddress address(Channel channel) throws IOException {
        Integer own = hostPorts.get(channel);
        int port = own == null ? getMappedPort(port(channel)) : own;
        InetAddress host = own != null || isLoopback(getHost())
                ? InetAddress.getLoopbackAddress()
                : InetAddress.getAllByName(getHost())[0];
        return new InetSocketAddress(host, port);
    }

    @Override
    public String stderr() throws IOException {
        try {
            return getLogs(OutputType.STDERR);
        } catch (RuntimeException e) {
            throw new MachineException("the container's log cannot be read: " + e.getMessage(), e);
        }
    }

    /** Ends the machine and waits until the container is removed. */
    @Override
    public void close() {
        String id = getContainerId();
        super.close();
        long end = System.nanoTime() + REMOVAL.toNanos();
        while (id != null && isThere(id)) {
            if (System.nanoTime() > end) {
                LOG.warn(
                        "the container {} is still there {} s after its end: docker rm -f {}",
                        id,
                        REMOVAL.toSeconds(),
                        id);
                return;
            }
            try {
                Thread.sleep(LOOK_EVERY_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private boolean isThere(String id) {
        try {
            getDockerClient().inspectContainerCmd(id).exec();
            return true;
        } catch (NotFoundException gone) {
            return false;
        }
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
