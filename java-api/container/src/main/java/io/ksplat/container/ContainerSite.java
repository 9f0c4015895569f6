// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.LaunchSpec;
import io.ksplat.machine.internal.qemu.QemuLauncher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;

/** Machines in containers of one image, each machine in one of its own. Thread-safe. */
final class ContainerSite implements QemuLauncher {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerSite.class);

    private static final Path KVM = Path.of("/dev/kvm");

    /** Between the making of a container and its start lies the copying of some files. */
    private static final Duration NEVER_STARTED = Duration.ofMinutes(10);

    private final String image;
    private final DockerClient docker;

    private ContainerSite(String image, DockerClient docker) {
        this.image = image;
        this.docker = docker;
    }

    /**
     * Containers of an image that the Docker daemon has; nothing is pulled.
     *
     * @param image as {@code vm-images/container/image} prints it
     * @throws MachineException where no Docker daemon is found (as Testcontainers looks for one), or it has no such image
     */
    static ContainerSite of(String image) throws IOException {
        DockerClient docker = daemon();
        try {
            docker.inspectImageCmd(image).exec();
            ContainerSite site = new ContainerSite(image, docker);
            site.removeNeverStarted();
            return site;
        } catch (NotFoundException e) {
            throw new MachineException(
                    "this Docker daemon has no image " + image + ": make it with vm-images/container/image", e);
        } catch (DockerException e) {
            throw new MachineException("the Docker daemon does not answer as it should: " + firstLine(e), e);
        }
    }

    private static DockerClient daemon() throws IOException {
        try {
            return DockerClientFactory.instance().client();
        } catch (IllegalStateException | DockerException e) {
            // Without a bridge Testcontainers finds no address of its host where it takes this machine for a container.
            throw new MachineException(
                    "no Docker daemon can be used: " + firstLine(e)
                            + "; start one, set DOCKER_HOST, or, where it has no bridge network, TESTCONTAINERS_HOST_OVERRIDE=localhost",
                    e);
        }
    }

    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
    }

    /** What a process left that was killed in the middle: a container that runs ends by itself, one that never ran does not. */
    private void removeNeverStarted() {
        List<Container> created = docker.listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of(KernelContainer.LABEL, "machine"))
                .withStatusFilter(List.of("created"))
                .exec();
        for (Container container : created) {
            if (Instant.ofEpochSecond(container.getCreated())
                    .plus(NEVER_STARTED)
                    .isBefore(Instant.now())) {
                try {
                    docker.removeContainerCmd(container.getId()).exec();
                } catch (DockerException e) {
                    LOG.debug("removing {}", container.getId(), e);
                }
            }
        }
    }

    @Override
    public String name() {
        return "a container of " + image;
    }

    @Override
    public String key() {
        return "container-" + image;
    }

    /** Whether the daemon is this machine's, and this machine has it: another's devices cannot be looked at. */
    @Override
    public boolean offersKvm() {
        return isLocal() && Files.exists(KVM);
    }

    private static boolean isLocal() {
        return "unix"
                .equals(DockerClientFactory.instance()
                        .getTransportConfig()
                        .getDockerHost()
                        .getScheme());
    }

    @Override
    public KernelContainer start(LaunchSpec command) throws IOException {
        KernelContainer container = new KernelContainer(image, command);
        if (!hasBridge()) {
            if (!isLocal()) {
                throw new MachineException("the Docker daemon at "
                        + DockerClientFactory.instance().getTransportConfig().getDockerHost()
                        + " has no bridge network, and is not this machine's: nothing in it can be reached");
            }
            container.withHostNetwork();
        }
        try {
            container.start();
            return container;
        } catch (RuntimeException e) {
            container.close();
            throw new MachineException(name() + " did not start: " + KernelContainer.reason(e), e);
        }
    }

    /** A daemon that was started with {@code --bridge=none} has none. */
    private boolean hasBridge() {
        return docker.listNetworksCmd().exec().stream().anyMatch(network -> "bridge".equals(network.getDriver()));
    }
}
