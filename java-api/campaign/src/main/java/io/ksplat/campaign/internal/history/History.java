// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.campaign.internal.fleet.PlanMerge;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;

/**
 * The runs of many reports: in an SQLite file, or in a PostgreSQL database that {@code jdbc:postgresql:...} names. A run that is
 * there stays as it is, so that a report may be added twice.
 */
public final class History implements AutoCloseable {
    private static final String POSTGRESQL = "jdbc:postgresql:";
    private static final int VERSION = 1;
    private static final int WAIT_MS = 30_000;

    /** Both databases understand these. */
    private static final List<String> TABLES = List.of(
            "CREATE TABLE IF NOT EXISTS ksplat_history (version INTEGER NOT NULL PRIMARY KEY)",
            "CREATE TABLE IF NOT EXISTS ksplat_runs (id TEXT NOT NULL PRIMARY KEY, reproducer TEXT NOT NULL,"
                    + " kernel_spec TEXT NOT NULL, kernel_release TEXT NOT NULL, kernel_key TEXT NOT NULL,"
                    + " target TEXT NOT NULL, attempt INTEGER NOT NULL, verdict TEXT NOT NULL,"
                    + " as_expected INTEGER NOT NULL, begun_ms BIGINT, total_ms BIGINT NOT NULL, report TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS ksplat_sightings (run TEXT NOT NULL REFERENCES ksplat_runs (id),"
                    + " signature TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, PRIMARY KEY (run, signature))",
            "CREATE INDEX IF NOT EXISTS ksplat_runs_reproducer ON ksplat_runs (reproducer)",
            "CREATE INDEX IF NOT EXISTS ksplat_sightings_signature ON ksplat_sightings (signature)");

    private static final String RUN =
            "SELECT r.id, r.reproducer, r.kernel_key, r.kernel_spec, r.kernel_release, r.target,"
                    + " r.attempt, r.verdict, r.as_expected, r.begun_ms, r.total_ms, r.report FROM ksplat_runs r";
    private static final String ORDER = " ORDER BY r.reproducer, r.kernel_key, r.begun_ms, r.attempt, r.id";

    private final String address;
    private final Connection connection;

    /** How many runs a report gave: new ones, those that were there, and those that never ended. */
    public record Added(int runs, int known, int unfinished) {}

    private History(String address, Connection connection) {
        this.address = address;
        this.connection = connection;
    }

    /** Opens a history to add to it; makes one if there is none. */
    public static History open(String address) throws IOException {
        return connect(address, true);
    }

    /** Opens a history to read it. */
    public static History existing(String address) throws IOException {
        if (!address.startsWith("jdbc:") && !Files.isRegularFile(Path.of(address))) {
            throw new HistoryException(
                    "there is no history " + address + ": make it with ksplat history add REPORT --history " + address);
        }
        return connect(address, false);
    }

    private static History connect(String address, boolean make) throws IOException {
        boolean server = address.startsWith(POSTGRESQL);
        if (address.startsWith("jdbc:") && !server) {
            throw new HistoryException("a history is a file or " + POSTGRESQL + "//HOST/DATABASE, not "
                    + HistoryException.withoutPassword(address));
        }
        try {
            Connection connection = server ? postgresql(address) : sqlite(address, make);
            try {
                if (make) {
                    connection.setAutoCommit(false);
                    makeTables(connection, server);
                }
                checkVersion(address, connection);
                return new History(address, connection);
            } catch (SQLException | IOException | RuntimeException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException e) {
            throw HistoryException.of(address, e);
        }
    }

    private static Connection postgresql(String address) throws SQLException {
        Properties settings = new Properties();
        // What the address says goes before.
        settings.setProperty("connectTimeout", String.valueOf(WAIT_MS / 1000));
        settings.setProperty("socketTimeout", String.valueOf(10 * WAIT_MS / 1000));
        settings.setProperty("ApplicationName", "ksplat");
        return DriverManager.getConnection(address, settings);
    }

    private static Connection sqlite(String file, boolean write) throws SQLException {
        Properties settings = new Properties();
        settings.setProperty("busy_timeout", String.valueOf(WAIT_MS));
        // Two that read first and write then would wait for each other.
        settings.setProperty("transaction_mode", write ? "IMMEDIATE" : "DEFERRED");
        return DriverManager.getConnection("jdbc:sqlite:" + Path.of(file).toUri(), settings);
    }

    private static void makeTables(Connection connection, boolean server) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (server) {
                statement.execute("SET lock_timeout = " + WAIT_MS);
                // Two that make the tables at once would collide.
                statement.execute("SELECT pg_advisory_xact_lock(hashtext('ksplat_history'))");
            }
            for (String table : TABLES) {
                statement.execute(table);
            }
            statement.execute("INSERT INTO ksplat_history SELECT " + VERSION
                    + " WHERE NOT EXISTS (SELECT 1 FROM ksplat_history)");
            connection.commit();
        }
    }

    private static void checkVersion(String address, Connection connection) throws SQLException, IOException {
        try (Statement statement = connection.createStatement();
                ResultSet version = statement.executeQuery("SELECT MAX(version) FROM ksplat_history")) {
            version.next();
            if (version.getInt(1) != VERSION) {
                throw new HistoryException("the history " + HistoryException.withoutPassword(address)
                        + " is of version " + version.getInt(1) + ", this ksplat knows version " + VERSION
                        + ": use the ksplat that made it, or another file");
            }
        }
    }

    /** Adds the runs of a report, all of them or none. */
    public Added add(Path report) throws IOException {
        List<StoredRun> runs = StoredReport.read(report);
        if (runs.isEmpty()) {
            throw new IllegalArgumentException(report + " has no runs that a history could keep");
        }
        try {
            Added added =
                    insert(runs, digest(runs.stream().map(History::id).sorted().toList()));
            connection.commit();
            return added;
        } catch (SQLException e) {
            rollback(e);
            throw HistoryException.of(address, e);
        }
    }

    private void rollback(SQLException cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private Added insert(List<StoredRun> runs, String report) throws SQLException {
        int fresh = 0;
        int known = 0;
        int unfinished = 0;
        try (PreparedStatement run = connection.prepareStatement(
                        "INSERT INTO ksplat_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
                PreparedStatement sighting = connection.prepareStatement(
                        "INSERT INTO ksplat_sightings VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")) {
            for (StoredRun stored : runs) {
                if (!stored.run().isFinished() || PlanMerge.isMissing(stored.run())) {
                    unfinished++;
                } else if (insert(run, stored, report)) {
                    fresh++;
                    insert(sighting, stored);
                } else {
                    known++;
                }
            }
        }
        return new Added(fresh, known, unfinished);
    }

    private static boolean insert(PreparedStatement into, StoredRun stored, String report) throws SQLException {
        RunRecord run = stored.run();
        into.setString(1, id(stored));
        into.setString(2, text(run.reproducer()));
        into.setString(3, text(run.kernel().spec()));
        into.setString(4, text(run.kernel().release()));
        into.setString(5, text(run.kernel().key()));
        into.setString(6, text(run.target()));
        into.setInt(7, run.attempt());
        into.setString(8, run.verdict().name());
        into.setInt(9, run.asExpected() ? 1 : 0);
        if (stored.begun().equals(Instant.EPOCH)) {
            into.setNull(10, Types.BIGINT);
        } else {
            into.setLong(10, stored.begun().toEpochMilli());
        }
        into.setLong(11, run.timings().totalMs());
        into.setString(12, report);
        return into.executeUpdate() == 1;
    }

    private static void insert(PreparedStatement into, StoredRun stored) throws SQLException {
        String run = id(stored);
        for (Evidence found : stored.run().evidence()) {
            if (!found.signature().isEmpty()) {
                into.setString(1, run);
                into.setString(2, text(found.signature()));
                into.setString(3, found.kind().id());
                into.setString(4, text(found.title()));
                into.executeUpdate();
            }
        }
    }

    /** A console may have printed NUL, which PostgreSQL's texts cannot hold. */
    private static String text(String from) {
        return from.replace('\0', '\ufffd');
    }

    /** The same run in two reports has one id. */
    private static String id(StoredRun stored) {
        RunRecord run = stored.run();
        return digest(List.of(
                run.reproducer(),
                run.kernel().key(),
                run.target(),
                String.valueOf(run.attempt()),
                String.valueOf(stored.begun().toEpochMilli()),
                run.verdict().name(),
                String.valueOf(run.timings().totalMs())));
    }

    private static String digest(List<String> parts) {
        return Digests.sha256(String.join("\0", parts)).substring(0, 32);
    }

    /** Tells how long the runs of each report took. */
    public void tell(KnownDurations durations) throws IOException {
        Map<String, List<KnownDurations.Took>> reports = new TreeMap<>();
        for (PastRun run : runs(RUN + " WHERE r.verdict <> 'ERROR'" + ORDER)) {
            reports.computeIfAbsent(run.report(), k -> new ArrayList<>())
                    .add(new KnownDurations.Took(run.reproducer(), run.kernelKey(), run.attempt(), run.totalMs()));
        }
        reports.values().forEach(durations::addTimes);
    }

    /**
     * Returns what the history has of a name: a signature, else a reproducer or its family, else a kernel's release, spec or key;
     * empty if it has nothing.
     */
    public Optional<HistoryAnswer> about(String name) throws IOException {
        List<PastRun> showed = runs(
                RUN + " WHERE r.reproducer IN (SELECT q.reproducer FROM ksplat_runs q JOIN ksplat_sightings s"
                        + " ON s.run = q.id WHERE s.signature = ?)" + ORDER,
                name);
        if (!showed.isEmpty()) {
            List<Sighting> sightings = sightings(" WHERE s.signature = ?", name);
            Set<String> hits = new HashSet<>();
            sightings.forEach(sighting -> hits.add(sighting.run()));
            return Optional.of(HistoryAnswer.of(
                    name, HistoryAnswer.Subject.SIGNATURE, showed, sightings, run -> hits.contains(run.id())));
        }
        Optional<HistoryAnswer> reproducer = about(
                name,
                HistoryAnswer.Subject.REPRODUCER,
                " WHERE r.reproducer = ? OR substr(r.reproducer, 1, length(?) + 1) = ? || '/'",
                3);
        if (reproducer.isPresent()) {
            return reproducer;
        }
        return about(
                name,
                HistoryAnswer.Subject.KERNEL,
                " WHERE r.kernel_release = ? OR r.kernel_spec = ? OR r.kernel_key = ?",
                3);
    }

    /** Returns all that it has; empty if nothing was added. */
    public Optional<HistoryAnswer> all() throws IOException {
        return about("", HistoryAnswer.Subject.ALL, "", 0);
    }

    private Optional<HistoryAnswer> about(String name, HistoryAnswer.Subject subject, String where, int times)
            throws IOException {
        String[] values = Collections.nCopies(times, name).toArray(String[]::new);
        List<PastRun> runs = runs(RUN + where + ORDER, values);
        return runs.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        HistoryAnswer.of(name, subject, runs, sightings(where, values), run -> !run.asExpected()));
    }

    private List<PastRun> runs(String query, String... values) throws IOException {
        List<PastRun> runs = new ArrayList<>();
        try (PreparedStatement statement = statement(query, values);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                runs.add(run(row));
            }
        } catch (SQLException e) {
            throw HistoryException.of(address, e);
        }
        return runs;
    }

    private static PastRun run(ResultSet row) throws SQLException, IOException {
        String release = row.getString(5);
        long begun = row.getLong(10);
        Optional<Instant> at = row.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(begun));
        return new PastRun(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                release.isEmpty() ? row.getString(4) : release,
                row.getString(6),
                row.getInt(7),
                verdict(row.getString(8)),
                row.getInt(9) == 1,
                at,
                row.getLong(11),
                row.getString(12));
    }

    private static Verdict verdict(String name) throws IOException {
        try {
            return Verdict.valueOf(name);
        } catch (IllegalArgumentException e) {
            throw new IOException("the history is damaged: it has a verdict " + name, e);
        }
    }

    private List<Sighting> sightings(String where, String... values) throws IOException {
        List<Sighting> sightings = new ArrayList<>();
        String query =
                "SELECT s.run, s.signature, s.kind, s.title FROM ksplat_sightings s JOIN ksplat_runs r ON r.id = s.run"
                        + where + " ORDER BY s.signature, s.run";
        try (PreparedStatement statement = statement(query, values);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                sightings.add(new Sighting(row.getString(1), row.getString(2), row.getString(3), row.getString(4)));
            }
        } catch (SQLException e) {
            throw HistoryException.of(address, e);
        }
        return sightings;
    }

    private PreparedStatement statement(String query, String... values) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(query);
        for (int i = 0; i < values.length; i++) {
            statement.setString(i + 1, text(values[i]));
        }
        return statement;
    }

    @Override
    public void close() throws IOException {
        try {
            connection.close();
        } catch (SQLException e) {
            throw HistoryException.of(address, e);
        }
    }
}
