// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.results.Rule;
import com.deque.html.axecore.selenium.AxeBuilder;
import com.sun.net.httpserver.HttpServer;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.ToolRecord;
import io.ksplat.results.internal.campaign.CampaignFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.support.ui.WebDriverWait;

/** The pages in the distribution's Chromium. The limit is against a browser that hangs: on a busy machine axe alone takes minutes. */
@Tag("full")
@Timeout(900)
class BrowserTest {
    /** What Jenkins sends with archived files. */
    private static final String JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'";

    @TempDir
    static Path report;

    @SuppressWarnings("NullAway.Init")
    private static ChromeDriver browser;

    @SuppressWarnings("NullAway.Init")
    private static HttpServer server;

    @BeforeAll
    static void open() throws IOException {
        browser = Chromium.start();
        Reports.write(
                report,
                "<6>[    1.0] " + Reports.HOSTILE + "\n",
                Reports.run("clean", 1, Verdict.CLEAN, Verdict.CLEAN),
                Reports.run("late", 1, Verdict.INCONCLUSIVE, Verdict.CLEAN),
                Reports.run(
                                "dead",
                                1,
                                Verdict.DEADLOCK,
                                Verdict.DEADLOCK,
                                Reports.nested(Reports.LOCK, true),
                                Reports.ring(12))
                        .toBuilder()
                        .tool(ToolRecord.of("1.0", List.of("run", "--all"), 7))
                        .samples(List.of(
                                new SampledSpan(0, 1895, 2100, "irqs-off", 9, List.of("spin")),
                                new SampledSpan(1, 1895, 2100, "user", 9, List.of())))
                        .build());
        CampaignFiles.write(report, Campaigns.bisect());
        CampaignFiles.write(report, Campaigns.patch());
        CampaignFiles.write(report, Campaigns.history("nmi-task-kptr", 40));
        CampaignFiles.write(report.resolve("sweep").resolve("nmi-task-kptr"), Campaigns.sweep());
        CampaignFiles.write(report.resolve("bench-workload"), Campaigns.bench("events"));
        CampaignFiles.write(report.resolve("hunt").resolve("debian_6.12"), Campaigns.hunt("debian:6.12", "lru_lock"));
        Files.writeString(
                report.resolve("dead/7.2.13-cloud/1/nmi_task_kptr.bpf.c"),
                "\n".repeat(66) + "\tbpf_task_release(task);\n}\n");
        HtmlReport.write(report, Optional.empty());
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            Path file = report.resolve(exchange.getRequestURI().getPath().substring(1));
            boolean there = file.normalize().startsWith(report) && Files.isRegularFile(file);
            byte[] body = there ? Files.readAllBytes(file) : new byte[0];
            exchange.getResponseHeaders().set("Content-Security-Policy", JENKINS);
            exchange.getResponseHeaders().set("Content-Type", type(file.toString()));
            exchange.sendResponseHeaders(there ? 200 : 404, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    private static String type(String file) {
        return file.endsWith(".css")
                ? "text/css"
                : file.endsWith(".svg") ? "image/svg+xml" : "text/html; charset=utf-8";
    }

    @AfterAll
    static void close() {
        if (browser != null) {
            browser.quit();
        }
        if (server != null) {
            server.stop(0);
        }
    }

    /** What axe did is not what the pages did. */
    @BeforeEach
    void forgetWhatWasLogged() {
        browser.get("about:blank");
        browser.manage().logs().get(LogType.BROWSER);
    }

    private static void showFile(String page) {
        scripts(true);
        browser.get(report.resolve(page).toUri().toString());
        new WebDriverWait(browser, Duration.ofSeconds(30))
                .withMessage("the style of " + page + " is not loaded")
                .until(driver -> !browser.executeScript("return document.styleSheets.length")
                        .equals(0L));
    }

    private static void scripts(boolean run) {
        browser.executeCdpCommand("Emulation.setScriptExecutionDisabled", Map.of("value", !run));
    }

    private static void size(int width, String scheme) {
        browser.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    private static List<String> pages() {
        return List.of(
                "index.html",
                "dead/7.2.13-cloud/1/index.html",
                "clean/7.2.13-cloud/1/index.html",
                "sweep/nmi-task-kptr/sweep.html",
                "bisect.html",
                "patch.html",
                "history.html",
                "bench-workload/bench.html",
                "hunt/debian_6.12/hunt.html");
    }

    private static void assertQuiet() {
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll()).isEmpty();
    }

    @Test
    void findsNothingToBlameForThoseWhoSeeOrHearDifferently() {
        // Colours are the same at every width.
        findsNothing(1400, "light");
        findsNothing(1400, "dark");
        findsNothing(360, "light");
    }

    private static void findsNothing(int width, String scheme) {
        size(width, scheme);
        for (String page : pages()) {
            showFile(page);
            List<Rule> found = new AxeBuilder().analyze(browser).getViolations();
            assertThat(found).as("%s, %s, %d px", page, scheme, width).isEmpty();
        }
    }

    /** For people to look at: CI keeps them. */
    @Test
    void keepsPicturesOfSixPages() throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "screenshots"));
        Map<String, String> pages = Map.of(
                "index", pages().get(0),
                "run", pages().get(1),
                "sweep", pages().get(3),
                "bisect", pages().get(4),
                "patch", pages().get(5),
                "bench", pages().get(6));
        for (Map.Entry<String, String> page : pages.entrySet()) {
            size(1400, "light");
            showFile(page.getValue());
            Path picture = folder.resolve(page.getKey() + ".png");
            Files.write(picture, browser.getScreenshotAs(OutputType.BYTES));
            assertThat(ImageIO.read(picture.toFile()).getWidth()).isEqualTo(1400);
        }
    }

    @Test
    void fitsAPhoneAndADesk() {
        for (int width : List.of(1400, 360)) {
            size(width, "light");
            for (String page : pages()) {
                showFile(page);
                Object wide = browser.executeScript("return document.documentElement.scrollWidth");
                assertThat(((Number) wide).intValue())
                        .as("%s at %d px", page, width)
                        .isLessThanOrEqualTo(width);
            }
        }
    }

    @Test
    void asksForNothingButItsOwnFiles() {
        size(1400, "light");
        browser.manage().logs().get(LogType.PERFORMANCE);
        for (String page : pages()) {
            showFile(page);
        }
        List<String> asked = browser.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
                .map(entry -> entry.getMessage())
                .filter(message -> message.contains("Network.requestWillBeSent\""))
                .toList();
        assertThat(asked).hasSizeGreaterThanOrEqualTo(pages().size());
        assertThat(asked)
                .allMatch(message -> message.contains("\"url\":\"file://") || message.contains("\"url\":\"data:"));
        assertQuiet();
    }

    @Test
    void filtersRunsByVerdictAndByWords() {
        size(1400, "light");
        showFile("index.html");
        WebElement clean = browser.findElement(By.cssSelector(".runs tr.v-row-CLEAN"));
        WebElement dead = browser.findElement(By.cssSelector(".runs tr.v-row-DEADLOCK"));
        assertThat(clean.isDisplayed()).isTrue();
        browser.findElement(By.id("show-CLEAN")).click();
        assertThat(clean.isDisplayed()).isFalse();
        assertThat(dead.isDisplayed()).isTrue();
        browser.findElement(By.id("show-CLEAN")).click();
        browser.findElement(By.id("only-unexpected")).click();
        assertThat(clean.isDisplayed()).isFalse();
        browser.findElement(By.id("only-unexpected")).click();
        browser.findElement(By.id("filter-words")).sendKeys("DEAD nocb");
        assertThat(clean.isDisplayed()).isFalse();
        assertThat(dead.isDisplayed()).isTrue();
        assertQuiet();
    }

    @Test
    void drawsTheGraphWhereItCanBeSeen() {
        size(1400, "light");
        showFile(pages().get(1));
        List<WebElement> nodes = browser.findElements(By.cssSelector("svg .node rect"));
        assertThat(nodes).hasSize(4 + 24);
        assertThat(nodes).allMatch(node -> node.getRect().getWidth() > 50);
        // A box that is narrower than its name is no box.
        Object outside = browser.executeScript(
                "return [...document.querySelectorAll('.node')].filter(n => [...n.querySelectorAll('text')]"
                        + ".some(t => t.getBBox().width > n.querySelector('rect').getBBox().width)).length");
        assertThat(((Number) outside).intValue()).isZero();
        assertQuiet();
    }

    @Test
    void leadsFromAFrameToItsLineOfC() {
        size(1400, "light");
        showFile(pages().get(1));
        browser.findElement(By.linkText("nmi_task_kptr.bpf.c:67")).click();
        assertThat(browser.findElement(By.cssSelector(".line:target")).getText())
                .contains("67", "bpf_task_release");
        assertQuiet();
    }

    @Test
    void saysTheSameWithoutScriptsAndUnderTheHeaderOfJenkins() {
        size(1400, "light");
        String base = "http://127.0.0.1:" + server.getAddress().getPort() + "/";
        for (String root : List.of(report.toUri().toString(), base)) {
            scripts(false);
            browser.get(root + pages().get(1));
            assertThat(browser.findElement(By.tagName("main")).getText())
                    .contains("Who waits for whom", Reports.LOCK, "nmi_task_kptr.bpf.c:67", "ksplat run dead")
                    .contains("bpf_task_release(task);");
            assertThat(browser.findElements(By.cssSelector("svg .node"))).hasSize(4 + 24);
            assertThat(browser.findElement(By.cssSelector("h1 .verdict")).getCssValue("background-color"))
                    .as("the style is applied")
                    .isEqualTo("rgba(179, 18, 29, 1)");
            browser.get(root + "index.html");
            assertThat(browser.findElement(By.tagName("body")).getText())
                    .contains("3 runs", "1 not as expected", "dead", "Sweep of nmi-task-kptr");
            for (Map.Entry<String, List<String>> page : Map.of(
                            "sweep/nmi-task-kptr/sweep.html",
                            List.of("66 to 131", "waits for " + Reports.LOCK, "Functions"),
                            "bisect.html",
                            List.of("was cured with debian:7.4", "99.3 %", "does not boot"),
                            "history.html",
                            List.of("Rates over time", "shaky nmi-task-kptr", "flaky"),
                            "patch.html",
                            List.of("CURES", "between 29 % and 100 %", "only without"),
                            "hunt/debian_6.12/hunt.html",
                            List.of("waits for lru_lock", "REFUSED", "which is not known"),
                            "bench-workload/bench.html",
                            List.of("1.050 to 1.200", "restoreMs"))
                    .entrySet()) {
                browser.get(root + page.getKey());
                assertThat(browser.findElement(By.tagName("body")).getText())
                        .as(page.getKey())
                        .contains(page.getValue());
            }
            assertQuiet();
        }
        scripts(true);
    }
}
