// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import java.io.IOException;
import java.nio.file.Path;

/** Files and processes of a target. It needs a kernel that lives: nothing that decides a verdict comes this way. */
public interface GuestControl {
    /** Returns the content of a file. */
    byte[] readFile(String path) throws IOException;

    /** Writes a text into a file that is there, as {@code echo text > path} does. */
    void writeFile(String path, String text) throws IOException;

    /** Puts an executable file there. */
    void writeProgram(String path, byte[] program) throws IOException;

    /** Makes a directory, for example a control group. */
    void makeDirectory(String path) throws IOException;

    /** Removes a file or an empty directory. */
    void remove(String path) throws IOException;

    /** Starts a process on a CPU that does nothing until it is ended. */
    GuestProcess spawnParked(int cpu) throws IOException;

    /** Starts a process on a CPU that creates and unlinks files for ever: each round passes through call_rcu(). */
    GuestProcess spawnChurn(int cpu) throws IOException;

    /** Starts a program of the target's on a CPU. What it prints goes to files beside the console's, with the program's name. */
    GuestProcess spawn(int cpu, String... argv) throws IOException;

    /**
     * Starts a program of the target's on a CPU.
     *
     * @param output where what it prints goes: {@code .stdout} and {@code .stderr} are added to the name; a file is made only if there is
     *     something to write
     */
    GuestProcess spawn(int cpu, Path output, String... argv) throws IOException;
}
