// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A trace in speedscope, opened as its program {@code speedscope trace.json} opens it. */
@Tag("full")
@Tag("network")
@Timeout(900)
class SpeedscopeTest {
    private static final Duration LOADED = Duration.ofSeconds(60);

    /** As speedscope's head has it: process, thread, and which of how many; of a trace with one thread, the process alone. */
    private static final Pattern LANE = Pattern.compile("\\(pid 1\\), (.*) \\(tid \\d+\\)(?: \\(\\d+/(\\d+)\\))?");

    @TempDir
    static Path folder;

    private static Path viewer = Path.of("");

    @SuppressWarnings("NullAway.Init")
    private static ChromeDriver browser;

    @BeforeAll
    static void open() throws Exception {
        viewer = Chromium.prepared("speedscope", folder, "prepare-npm", "speedscope")
                .resolve("node_modules/speedscope/dist/release/index.html");
        browser = Chromium.start();
    }

    @AfterAll
    static void close() {
        if (browser != null) {
            browser.quit();
        }
    }

    /** Has speedscope open the trace of a run, and returns the frames of each lane that it shows, by the lane's name. */
    private static Map<String, List<String>> lanes(RunRecord run) throws IOException {
        Path report = Files.createTempDirectory(folder, "report");
        Reports.write(report, "", run);
        HtmlReport.write(report, Optional.empty());
        byte[] trace = Files.readAllBytes(report.resolve(run.reproducer() + "/7.2.13-cloud/1/trace.json"));
        Path script = Files.writeString(
                report.resolve("load.js"),
                "speedscope.loadFileFromBase64('trace.json', '"
                        + Base64.getEncoder().encodeToString(trace) + "')");
        browser.get("about:blank");
        browser.get(viewer.toUri() + "#localProfilePath=" + script);
        await("no lane of the trace", () -> lane().isPresent());
        // The table of a lane's frames; the other views are drawn on canvases.
        new Actions(browser).sendKeys("3").perform();
        Map<String, List<String>> lanes = new TreeMap<>();
        int all = Integer.parseInt(
                Optional.ofNullable(lane().orElseThrow().group(2)).orElse("1"));
        for (int number = 1; number <= all; number++) {
            String place = "(" + number + "/" + all + ")";
            await("no lane " + place, () -> all == 1 || shown().contains(place));
            await("no frames", () -> !frames().isEmpty());
            lanes.put(lane().orElseThrow().group(1), frames());
            new Actions(browser).sendKeys("n").perform();
        }
        return lanes;
    }

    private static Optional<MatchResult> lane() {
        return LANE.matcher(shown()).results().findFirst();
    }

    /** Returns the names of the frames; their times are before them. */
    private static List<String> frames() {
        return browser.findElements(By.cssSelector("table tr")).stream()
                .flatMap(row -> row.getText().lines())
                .filter(line -> !line.isBlank() && !line.endsWith("%)") && !line.startsWith("Total"))
                .sorted()
                .toList();
    }

    private static String shown() {
        return browser.findElement(By.tagName("body")).getText();
    }

    private static void await(String what, Supplier<Boolean> shown) {
        new WebDriverWait(browser, LOADED)
                .withMessage(() -> what + ": " + shown())
                .until(driver -> shown.get());
    }

    @Test
    void showsACpuAndWhatItsContextsHoldAndWaitFor() throws IOException {
        assertThat(lanes(
                        Reports.run("dead", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, Reports.nested(Reports.LOCK, true))))
                .isEqualTo(Map.of(
                        "ksplat",
                        List.of("run: DEADLOCK"),
                        "CPU 0",
                        List.of("NMI waits for " + Reports.LOCK, "task init/113 holds " + Reports.LOCK)));
    }

    /** The opposite: no CPU of it waits. */
    @Test
    void showsNoCpuOfARunThatIsClean() throws IOException {
        assertThat(lanes(Reports.run("clean", 1, Verdict.CLEAN, Verdict.CLEAN)))
                .isEqualTo(Map.of("ksplat", List.of("run: CLEAN")));
    }
}
