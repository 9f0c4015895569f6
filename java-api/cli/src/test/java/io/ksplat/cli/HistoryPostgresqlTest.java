// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static io.ksplat.cli.PastReports.ID;
import static io.ksplat.cli.PastReports.NEW;
import static io.ksplat.cli.PastReports.OLD;
import static io.ksplat.cli.PastReports.SIGNATURE;
import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.DEADLOCK;
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ksplat history} in a PostgreSQL server of the distribution: it answers as the SQLite file does. */
@Tag("full")
class HistoryPostgresqlTest {
    private static final Path SERVERS = Path.of("/usr/lib/postgresql");
    private static final int MINUTES = 3;

    @TempDir
    Path folder;

    private final PastReports past = new PastReports();

    private static Optional<Path> programs() throws IOException {
        if (!Files.isDirectory(SERVERS)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(SERVERS)) {
            return versions.map(version -> version.resolve("bin"))
                    .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                    .max(Comparator.naturalOrder());
        }
    }

    /** The server refuses to be root. */
    private void run(Path log, String... words) throws Exception {
        List<String> command = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            command.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"));
        }
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command)
                .directory(log.getParent().toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(words[0] + " did not end; its log: " + Files.readString(log));
        }
        assertThat(process.exitValue())
                .as("%s: %s", List.of(words), Files.readString(log))
                .isZero();
    }

    private String answer(String name, String history) {
        assertThat(past.ksplat("history", "show", name, "--json", "--history", history))
                .as(past.err.toString())
                .isZero();
        return past.out.toString();
    }

    @Test
    void answersAsTheFileDoes() throws Exception {
        Optional<Path> bin = programs();
        Skips.unless(bin.isPresent(), "PostgreSQL is not tested, there is no server in " + SERVERS);
        Path server = Files.createTempDirectory(Path.of("/tmp"), "ksplat-pg");
        Path data = Files.createDirectory(server.resolve("data"));
        Path log = server.resolve("log");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        if ("root".equals(System.getProperty("user.name"))) {
            var nobody = server.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
            Files.setOwner(server, nobody);
            Files.setOwner(data, nobody);
        }
        try {
            run(
                    log,
                    bin.orElseThrow() + "/initdb",
                    "-D",
                    data.toString(),
                    "-U",
                    "ksplat",
                    "-A",
                    "trust",
                    "-E",
                    "UTF8",
                    "-N");
            String options = "-h 127.0.0.1 -p " + port + " -k " + server + " -F";
            run(
                    log,
                    bin.orElseThrow() + "/pg_ctl",
                    "-D",
                    data.toString(),
                    "-w",
                    "-t",
                    "120",
                    "-o",
                    options,
                    "-l",
                    server.resolve("server.log").toString(),
                    "start");
            try {
                compare("jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=ksplat");
            } finally {
                run(log, bin.orElseThrow() + "/pg_ctl", "-D", data.toString(), "-w", "-m", "immediate", "stop");
            }
        } finally {
            try (Stream<Path> files = Files.walk(server)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void compare(String address) throws Exception {
        String file = folder.resolve("history.db").toString();
        List<Path> reports = List.of(
                PastReports.report(folder.resolve("b"), NEW, "2026-02-02", DEADLOCK, CLEAN),
                PastReports.report(folder.resolve("a"), OLD, "2026-01-01", CLEAN, INCONCLUSIVE));
        for (String history : List.of(file, address)) {
            for (int again = 0; again < 2; again++) {
                for (Path report : reports) {
                    assertThat(past.ksplat("history", "add", report.toString(), "--history", history))
                            .as(past.err.toString())
                            .isZero();
                    assertThat(past.out.toString())
                            .contains(again == 0 ? "2 runs are new, 0 were there" : "0 runs are new, 2 were there");
                }
            }
        }
        for (String name : List.of(SIGNATURE, ID, "debian:6.12")) {
            assertThat(answer(name, address)).isEqualTo(answer(name, file));
        }
    }
}
