// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.bpf.internal.libbpf.Errno;
import io.ksplat.engine.Machine;
import io.ksplat.machine.AgentException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Checks that a root file system has what runs a program: execve(2) says ENOENT and not what is missing. */
final class InRoot {
    static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final Machine machine;
    private final Path file;

    InRoot(Machine machine, Path file) {
        this.machine = machine;
        this.file = file;
    }

    /**
     * Checks a script.
     *
     * @throws IOException in one line, if what its first line asks for is not there
     */
    void checkScript(byte[] content) throws IOException {
        Script.Interpreter interpreter = Script.interpreter(content);
        if (!(interpreter.onPath() ? isOnPath(interpreter.program()) : exists(interpreter.program()))) {
            throw new IOException(file + " asks for " + interpreter.program()
                    + ", which the root file system does not have: add its package (root=debian+PACKAGE)");
        }
    }

    /**
     * Checks an executable. Of a library that is missing its loader tells itself.
     *
     * @throws IOException in one line, if its loader is not there
     */
    void checkExecutable(byte[] content) throws IOException {
        Optional<String> loader = ExecutableFile.loader(file, content);
        if (loader.isEmpty()) {
            return;
        }
        if (!exists(loader.get())) {
            throw new IOException(file + " asks for the loader " + loader.get()
                    + ", which the root file system does not have: link it with -static, or name another root");
        }
    }

    private boolean isOnPath(String name) throws IOException {
        for (String folder : PATH.split(":", -1)) {
            if (exists(folder + "/" + name)) {
                return true;
            }
        }
        return false;
    }

    private boolean exists(String path) throws IOException {
        try {
            // Nothing of it is read: a file is no directory, and what is not there has another error.
            machine.readFile(path + "/.");
            return false;
        } catch (AgentException e) {
            if (e.errno() == Errno.ENOTDIR) {
                return true;
            }
            if (e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
    }
}
