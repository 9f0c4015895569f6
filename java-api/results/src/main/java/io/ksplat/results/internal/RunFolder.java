// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;

/** Where the files of one run lie under the report's folder. */
public final class RunFolder {
    private RunFolder() {}

    /** Returns the folder of a run, relative to the report. */
    public static String name(RunRecord run) {
        return name(run.reproducer(), run.kernel().key(), run.attempt());
    }

    /** Returns the folder of a run, relative to the report. */
    public static String name(String reproducer, String kernelKey, int attempt) {
        return fileName(reproducer) + "/" + fileName(kernelKey) + "/" + attempt;
    }

    /** An id as part of a file name: never more than one name, and always below the folder. */
    static String fileName(String id) {
        String name = id.replace('/', '+').replace('\0', '+');
        return name.isEmpty() || name.equals(".") || name.equals("..") ? "+" + name : name;
    }
}
