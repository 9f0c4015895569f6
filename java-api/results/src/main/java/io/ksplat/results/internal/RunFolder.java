// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;

/** Where the files of one run lie under the report's folder. */
final class RunFolder {
    private RunFolder() {}

    static String name(RunRecord run) {
        return name(run.reproducer(), run.kernel().key(), run.attempt());
    }

    static String name(String reproducer, String kernelKey, int attempt) {
        return fileName(reproducer) + "/" + kernelKey + "/" + attempt;
    }

    /** An id as part of a file name. */
    static String fileName(String reproducer) {
        return reproducer.replace('/', '+');
    }
}
