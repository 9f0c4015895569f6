// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a run came to.
 *
 * @param report the folder of the report
 * @param record as the report has it
 * @param folder where its files lie; empty if it did not get as far as that
 * @param message why, if the verdict needs a word; unlike the report's it may name folders of this machine
 */
public record Conclusion(RunRecord record, Path report, Optional<Path> folder, Optional<String> message) {
    public Verdict verdict() {
        return record.verdict();
    }

    /** Returns the verdict that was expected. */
    public Verdict expected() {
        return record.expected();
    }

    public boolean asExpected() {
        return record.asExpected();
    }

    /** Returns the key of the kernel. */
    public String kernelKey() {
        return record.kernel().key();
    }

    /** Returns what a failed test says: how the verdict differs, and the evidence in brief. */
    public String failureText() {
        return RunText.failure(record, report);
    }
}
