// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container.internal;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import io.ksplat.container.KernelContainer;
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

/** Starts each machine in its own container of one image. Thread-safe. */
public final class ContainerSite implements QemuLauncher {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerSite.class);

    /** Marks the containers of ksplat. */
    public static final String LABEL = "io.ksplat";

    private static final Path KVM = Path.of("/dev/kvm");

    /**
     * Age of a container that was created but never started, after which it counts as left over. Starting one copies
     * some files first.
     */
    private static final Duration NEVER_STARTED = Duration.ofMinutes(10);

    private final String image;
    private final DockerClient docker;

    private ContainerSite(String image, DockerClient docker) {
        this.image = image;
        this.docker = docker;
    }

    /**
     * Uses an image that the Docker daemon has. It is never pulled.
     *
     * @param image as {@code vm-images/container/image} prints it
     * @throws MachineException if Testcontainers finds no Docker daemon, or the daemon has no such image
     */
    public static ContainerSite of(String image) throws IOException {
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
            // Without a bridge, Testcontainers finds no address of its host if it takes this machine for a container.
            throw new MachineException(
                    "no Docker daemon can be used: " + firstLine(e)
                            + "; start one, set DOCKER_HOST, or, if it has no bridge network, TESTCONTAINERS_HOST_OVERRIDE=localhost",
                    e);
        }
    }

    /** Returns the innermost message, because Testcontainers wraps the error of the daemon several times. */
    public static String reason(Throwable thrown) {
        Throwable inner = thrown;
        while (inner.getCause() != null) {
            inner = inner.getCause();
        }
        return String.valueOf(inner.getMessage()).lines().findFirst().orElse("no reason given");
    }

    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
    }

    /**
     * Removes containers of processes that were killed before they started them. A running container ends by itself.
     */
    private void removeNeverStarted() {
        List<Container> created = docker.listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of(LABEL, "machine"))
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

    /** Returns whether this host has KVM and the daemon runs on it. The devices of another host cannot be checked. */
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
                        + " has no bridge network and runs on another host: its containers cannot be reached");
            }
            container.withHostNetwork();
        }
        try {
            container.start();
            return container;
        } catch (RuntimeException e) {
            container.close();
            throw new MachineException(name() + " did not start: " + reason(e), e);
        }
    }

    /** Returns false for a daemon that was started with {@code --bridge=none}. */
    private boolean hasBridge() {
        return docker.listNetworksCmd().exec().stream().anyMatch(network -> "bridge".equals(network.getDriver()));
    }
}
