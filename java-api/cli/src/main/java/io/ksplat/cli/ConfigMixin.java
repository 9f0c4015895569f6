// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What kernels are configured with that a command builds, beside their profile. */
final class ConfigMixin {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Lines of a kernel's configuration, on top of the profile of a kernel that is built;"
                    + " may be given several times.")
    private List<Path> fragments = List.of();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command = CommandSpec.create();

    /**
     * Returns the files.
     *
     * @throws ParameterException if there is none of a name
     */
    List<Path> fragments() {
        for (Path fragment : fragments) {
            if (!Files.isRegularFile(fragment)) {
                throw new ParameterException(command.commandLine(), "--config " + fragment + ": there is no such file");
            }
        }
        return List.copyOf(fragments);
    }

    /**
     * Returns the files, which some of these kernels are built with.
     *
     * @throws ParameterException if none is built
     */
    List<Path> fragmentsOf(List<String> kernels) {
        if (!fragments.isEmpty() && kernels.stream().noneMatch(ConfigMixin::isBuilt)) {
            throw new ParameterException(
                    command.commandLine(),
                    "--config is for kernels that are built here (source:, tree:), and not for "
                            + String.join(", ", kernels));
        }
        return fragments();
    }

    private static boolean isBuilt(String kernel) {
        return kernel.startsWith("source:") || kernel.startsWith("tree:");
    }
}
