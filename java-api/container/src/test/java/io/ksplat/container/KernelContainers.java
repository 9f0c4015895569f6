// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container;

import com.github.dockerjava.api.model.Container;
import io.ksplat.container.internal.ContainerSite;
import io.ksplat.machine.MachineException;
import java.util.List;
import java.util.Map;
import org.testcontainers.DockerClientFactory;

/** The machines that the Docker daemon has. */
final class KernelContainers {
    private KernelContainers() {}

    /** Returns the containers of machines, running or not. */
    static List<Container> all() {
        return DockerClientFactory.instance()
                .client()
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of(ContainerSite.LABEL, "machine"))
                .exec();
    }

    /** Returns the image that the tests use. */
    static String image() throws MachineException {
        String image = System.getenv().getOrDefault("KSPLAT_IMAGE", "");
        if (image.isEmpty()) {
            throw new MachineException("KSPLAT_IMAGE names no image: "
                    + System.getenv().getOrDefault("KSPLAT_NO_DOCKER", "run these tests with ./ksplat verify"));
        }
        return image;
    }
}
