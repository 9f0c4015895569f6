// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Requests over HTTP. Each has a deadline, from the connection to the last byte, and a bound on the answer. */
final class BoundedHttp implements AutoCloseable {
    private static final int CONNECT_MS = 20_000;
    private static final int BUFFER = 1 << 16;
    private static final int REDIRECTED = 300;
    private static final int FAILED = 400;

    /** What of an error's answer is told. */
    private static final int ERROR_BYTES = 4096;

    private static final int TOLD = 200;

    private final Duration deadline;
    private final ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "ksplat-http-deadline");
        thread.setDaemon(true);
        return thread;
    });

    /** @param deadline of a request that is not a download */
    BoundedHttp(Duration deadline) {
        this.deadline = deadline;
        // Java would send a POST twice if the server closes the connection without an answer.
        System.setProperty("sun.net.http.retryPost", "false");
    }

    /** An answer that is no success. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;
        private final int status;

        RefusedException(int status, String message) {
            super(message);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    /** Gets a document of a few bytes. */
    byte[] get(URI address, Optional<String> token, int limit) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        exchange("get", address, token, Optional.empty(), deadline, limit, answer);
        return answer.toByteArray();
    }

    /** Posts JSON. */
    byte[] post(URI address, String token, byte[] json, int limit) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        exchange("post to", address, Optional.of(token), Optional.of(json), deadline, limit, answer);
        return answer.toByteArray();
    }

    /** Downloads a file; there is none if that fails. */
    void download(URI address, Path file, Duration limit, long bytes) throws IOException {
        boolean whole = false;
        try (OutputStream out = Files.newOutputStream(file)) {
            exchange("download", address, Optional.empty(), Optional.empty(), limit, bytes, out);
            whole = true;
        } finally {
            if (!whole) {
                Files.deleteIfExists(file);
            }
        }
    }

    private void exchange(
            String what,
            URI address,
            Optional<String> token,
            Optional<byte[]> json,
            Duration limit,
            long bytes,
            OutputStream out)
            throws IOException {
        if (!(address.toURL().openConnection() instanceof HttpURLConnection connection)) {
            throw new IOException("cannot " + what + " " + address + ": it is no address of HTTP");
        }
        AtomicBoolean late = new AtomicBoolean();
        AtomicBoolean reading = new AtomicBoolean();
        Future<?> alarm = watchdog.schedule(
                () -> {
                    late.set(true);
                    // Once the answer is read, this would wait for the reader, who looks for itself.
                    if (!reading.get()) {
                        connection.disconnect();
                    }
                },
                limit.toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            connection.setConnectTimeout((int) Math.min(CONNECT_MS, limit.toMillis()));
            connection.setReadTimeout((int) limit.toMillis());
            // A token is for the host that was named.
            connection.setInstanceFollowRedirects(token.isEmpty());
            connection.setUseCaches(false);
            connection.setRequestProperty("User-Agent", "ksplat");
            token.ifPresent(said -> connection.setRequestProperty("Authorization", "Bearer " + said));
            if (json.isPresent()) {
                connection.setRequestMethod("POST");
                connection.setDoOutput(true);
                connection.setRequestProperty("Content-Type", "application/json");
                connection.setFixedLengthStreamingMode(json.get().length);
                try (OutputStream body = connection.getOutputStream()) {
                    body.write(json.get());
                }
            }
            int status = connection.getResponseCode();
            if (status >= REDIRECTED || status < 0) {
                throw new RefusedException(
                        status, "cannot " + what + " " + address + ": it answers " + status + said(connection));
            }
            reading.set(true);
            try (InputStream in = connection.getInputStream()) {
                copy(in, out, bytes, late);
            }
        } catch (RefusedException e) {
            throw e;
        } catch (IOException e) {
            String why = late.get() ? "no whole answer in " + limit.toSeconds() + " s" : reason(e);
            throw new IOException("cannot " + what + " " + address + ": " + why, e);
        } finally {
            alarm.cancel(false);
            connection.disconnect();
        }
    }

    private static String reason(IOException e) {
        String message = e.getMessage();
        return (message == null ? e.toString() : message).replaceAll("\\s+", " ");
    }

    private static void copy(InputStream in, OutputStream out, long bytes, AtomicBoolean late) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long left = bytes;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            if (late.get()) {
                throw new IOException("it is late");
            }
            left -= read;
            if (left < 0) {
                throw new IOException("its answer is larger than " + bytes + " bytes");
            }
            out.write(buffer, 0, read);
        }
    }

    /** What a server says with an error, in one line. */
    private static String said(HttpURLConnection connection) throws IOException {
        try (InputStream in = connection.getErrorStream()) {
            if (in == null || connection.getResponseCode() < FAILED) {
                return "";
            }
            String text = new String(in.readNBytes(ERROR_BYTES), StandardCharsets.UTF_8)
                    .replaceAll("[^\\x20-\\x7e]+", " ")
                    .strip();
            return text.isEmpty() ? "" : ", " + text.substring(0, Math.min(TOLD, text.length()));
        }
    }

    @Override
    public void close() {
        watchdog.shutdownNow();
    }
}
