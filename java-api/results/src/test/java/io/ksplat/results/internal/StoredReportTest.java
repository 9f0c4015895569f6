// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredReportTest {
    @TempDir
    Path report;

    @Test
    void aPageThatKsplatDidNotWriteStays() throws Exception {
        Path page = Files.writeString(report.resolve("index.html"), "<!DOCTYPE html>\n<head>\n<title>mine</title>\n");

        StoredReport.forget(report);

        assertThat(page).exists();
    }
}
