// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.CacheBound;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Lists and prunes the cache, as text or as JSON. */
public final class CacheShelf {
    private final Cache cache = Cache.standard();
    private final CacheBound bound = new CacheBound(cache);

    /** Returns how much the cache may take, in words. */
    public static String limit() throws KernelException {
        return CacheBound.chosen().map(CacheShelf::gibibytes).orElse("no limit");
    }

    /** Parses {@code 500M} or {@code 20G}; empty if it is no size. */
    public static Optional<Long> parse(String size) {
        return CacheBound.parse(size);
    }

    /** Lists what is in the cache, a line each; small entries of one kind share one. */
    public String list() throws IOException, InterruptedException, KernelException {
        List<CacheBound.Item> items = bound.items();
        StringBuilder text = new StringBuilder("In " + cache.root() + ":\n");
        Map<String, Long> rest = new TreeMap<>();
        Map<String, Integer> count = new TreeMap<>();
        for (CacheBound.Item item : items) {
            if (item.bytes() < 1_000_000 && item.removable()) {
                rest.merge(item.kind(), item.bytes(), Long::sum);
                count.merge(item.kind(), 1, Integer::sum);
            } else {
                text.append(line(
                        item.kind(),
                        item.key().isEmpty() ? "(not ksplat's to remove)" : item.key(),
                        item.bytes(),
                        "used " + item.lastUsed().toString().substring(0, 10) + (item.inUse() ? ", now" : "")));
            }
        }
        rest.forEach((kind, bytes) -> text.append(line(kind, count.get(kind) + " of less than 1 MB", bytes, "")));
        text.append(String.format(
                Locale.ROOT,
                "%s in all; ksplat keeps what it can remove below %s%n",
                gibibytes(items.stream().mapToLong(CacheBound.Item::bytes).sum()),
                limit()));
        return text.toString();
    }

    private static String line(String kind, String key, long bytes, String used) {
        return String.format(Locale.ROOT, "  %-11s %-62s %10s  %s%n", kind, key, megabytes(bytes), used)
                .replaceFirst(" +\n$", "\n");
    }

    /** Sizes of the whole are in the unit of the bound. */
    static String gibibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    /**
     * Lists the same as JSON: {@code {"cache","bytes","limitBytes","entries":[{"kind","key","bytes","lastUsed","removable","inUse"}]}},
     * the largest first. {@code bytes} is what the disk has of it; {@code limitBytes} is absent if there is none, {@code key} if it is a
     * whole folder that scripts own.
     */
    public ObjectNode json() throws IOException, InterruptedException, KernelException {
        List<CacheBound.Item> items = bound.items();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("cache", cache.root().toString());
        json.put("bytes", items.stream().mapToLong(CacheBound.Item::bytes).sum());
        Optional<Long> limit = CacheBound.chosen();
        limit.ifPresent(most -> json.put("limitBytes", most));
        var entries = json.putArray("entries");
        for (CacheBound.Item item : items) {
            ObjectNode entry = entries.addObject().put("kind", item.kind());
            if (!item.key().isEmpty()) {
                entry.put("key", item.key());
            }
            entry.put("bytes", item.bytes());
            entry.put("lastUsed", item.lastUsed().toString());
            entry.put("removable", item.removable());
            entry.put("inUse", item.inUse());
        }
        return json;
    }

    /**
     * Removes what was not used for longest until the rest is small enough, and lists it.
     *
     * @param most bytes; empty: the bound that ksplat keeps by itself
     * @param days also removes what was not used for so many days
     */
    public String prune(Optional<Long> most, Optional<Integer> days)
            throws IOException, InterruptedException, KernelException {
        List<CacheBound.Item> gone = bound.prune(
                (most.isPresent() ? most : CacheBound.chosen()).orElse(Long.MAX_VALUE),
                days.map(Duration::ofDays).orElse(CacheBound.DEFAULT_UNUSED));
        StringBuilder text = new StringBuilder();
        for (CacheBound.Item item : gone) {
            text.append("removed ")
                    .append(item.kind())
                    .append(' ')
                    .append(item.key())
                    .append(" (")
                    .append(megabytes(item.bytes()))
                    .append(")\n");
        }
        List<CacheBound.Item> kept = bound.items();
        long left = kept.stream()
                .filter(CacheBound.Item::removable)
                .mapToLong(CacheBound.Item::bytes)
                .sum();
        long used = kept.stream()
                .filter(CacheBound.Item::inUse)
                .mapToLong(CacheBound.Item::bytes)
                .sum();
        text.append("removed ")
                .append(megabytes(
                        gone.stream().mapToLong(CacheBound.Item::bytes).sum()))
                .append(", ")
                .append(megabytes(left))
                .append(" are left, ")
                .append(megabytes(used))
                .append(" of it in use\n");
        return text.toString();
    }
}
