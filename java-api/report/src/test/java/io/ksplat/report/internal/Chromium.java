// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The distribution's Chromium. */
final class Chromium {
    private static final Path PROGRAM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");

    private Chromium() {}

    /** Starts a browser without a window, or skips the test. The caller ends it. */
    static ChromeDriver start() {
        if (!Files.isExecutable(PROGRAM) || !Files.isExecutable(DRIVER)) {
            throw skipped("nothing is tested in a browser: install the packages chromium and chromium-driver");
        }
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(PROGRAM.toFile());
        options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage");
        options.setCapability("goog:loggingPrefs", logs);
        return new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(DRIVER.toFile())
                        .build(),
                options);
    }

    /**
     * Returns the folder of a viewer of traces, or skips the test.
     *
     * @param folder receives what the script says
     * @param script in scripts/, and its arguments
     */
    static Path prepared(String viewer, Path folder, String... script) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script));
        command.set(0, Path.of("../../scripts", script[0]).toRealPath().toString());
        Path output = folder.resolve("prepared");
        Process prepare = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            // The script has a limit of its own.
            if (!prepare.waitFor(6, TimeUnit.MINUTES)) {
                throw new AssertionError("scripts/" + script[0] + " does not end");
            }
        } finally {
            prepare.destroy();
        }
        String said = Files.readString(output).strip();
        if (!said.startsWith("/")) {
            throw skipped("traces are not opened in " + viewer + ", scripts/" + script[0] + " says: " + said);
        }
        return Path.of(said);
    }

    /** Skips the test, and says why. */
    static AssertionError skipped(String reason) {
        System.out.println(reason);
        abort(reason);
        return new AssertionError(reason);
    }
}
