// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Disassembler;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Joins sweeps from one anchor. The code of the functions is in the records, so that no machine is needed; a listing of it is not written. The same
 * for any order of the records.
 */
public final class SweepMerge {
    private final NavigableMap<Integer, SweepPoint> steps = new TreeMap<>();
    private final NavigableMap<Integer, SweepPoint> refined = new TreeMap<>();
    private final NavigableMap<Integer, Long> way = new TreeMap<>();
    private final NavigableMap<Long, Symbol> functions = new TreeMap<>(Long::compareUnsigned);
    private final Map<Long, NavigableMap<Long, String>> code = new TreeMap<>();

    private SweepMerge() {}

    /**
     * The joint map.
     *
     * @param whole whether every measured point has a result
     * @param text the map in words
     */
    public record Joint(boolean whole, String text) {}

    /**
     * Joins sweeps, and writes the joint record and table into a report.
     *
     * @param records of one anchor, at least one
     * @param missing why there is no result, by the distances of the points that nobody measured
     * @throws IOException in one line, if the CPU took different ways in two of them
     */
    public static Joint into(List<SweepRecord> records, Map<Integer, String> missing, Path report) throws IOException {
        SweepMerge merge = new SweepMerge();
        for (SweepRecord record : records) {
            merge.add(record);
        }
        missing.forEach((n, why) -> merge.steps.putIfAbsent(n, unknown(n, 0, "(not measured)", 0, "missing: " + why)));
        SweepMap map = merge.map(records);
        SweepListing listing = new SweepListing(map, merge::function);
        String text = SweepWriter.of(map) + "\n" + listing.table();
        Path folder = Sweep.folder(report, map.reproducer());
        CampaignFiles.write(folder, SweepWriter.record(map, listing.functions(merge.code())));
        Files.writeString(folder.resolve(Sweep.TABLE), text);
        return new Joint(Sweep.isWhole(map), text);
    }

    private void add(SweepRecord record) throws IOException {
        List<SweepRecord.Point> measured = record.measured();
        int first = measured.get(0).n();
        for (int i = 0; i < record.path().size(); i++) {
            Long known = way.putIfAbsent(first + i, record.path().get(i));
            if (known != null && !known.equals(record.path().get(i))) {
                throw new IOException("two parts of the sweep from " + record.anchor()
                        + " took different ways: after " + (first + i) + " instructions one is at 0x"
                        + Long.toHexString(known) + ", the other at 0x"
                        + Long.toHexString(record.path().get(i))
                        + "; sweep again on machines with one version of QEMU");
            }
        }
        record.steps().forEach(point -> add(point, steps));
        record.refined().forEach(point -> add(point, refined));
        for (SweepRecord.Function function : record.functions()) {
            functions.put(function.address(), Symbol.bpf(function.name(), function.address(), function.size()));
            NavigableMap<Long, String> texts = code.computeIfAbsent(function.address(), address -> new TreeMap<>());
            for (SweepRecord.Instruction instruction : function.code()) {
                texts.put(function.address() + instruction.offset(), instruction.text());
            }
        }
    }

    /** A point that two parts measured must have one result. */
    private static void add(SweepRecord.Point read, NavigableMap<Integer, SweepPoint> points) {
        SweepPoint point = new SweepPoint(
                read.n(),
                read.address(),
                read.function(),
                read.offset(),
                read.verdict(),
                read.holds(),
                read.waitsFor(),
                read.console(),
                read.message());
        points.merge(point.n(), point, SweepMerge::agreed);
    }

    private static SweepPoint agreed(SweepPoint one, SweepPoint other) {
        if (SweepMap.alike(one, other)) {
            return one;
        }
        String said = one.verdict().compareTo(other.verdict()) < 0
                ? one.verdict() + ", another " + other.verdict()
                : other.verdict() + ", another " + one.verdict();
        return unknown(one.n(), one.address(), one.function(), one.offset(), "one part of the sweep says " + said);
    }

    private static SweepPoint unknown(int n, long address, String function, long offset, String why) {
        return new SweepPoint(
                n, address, function, offset, Verdict.ERROR, List.of(), Optional.empty(), List.of(), Optional.of(why));
    }

    private SweepMap map(List<SweepRecord> records) {
        SweepRecord first = records.get(0);
        // What lies before the first point, and in a part that is missing, is not known.
        List<Long> addresses = new ArrayList<>();
        for (int n = 0; n <= Math.max(way.lastKey(), steps.lastKey()); n++) {
            addresses.add(way.getOrDefault(n, 0L));
        }
        return new SweepMap(
                first.reproducer(),
                first.kernel(),
                first.key(),
                first.from(),
                first.cpu(),
                first.anchor(),
                List.copyOf(steps.values()),
                List.copyOf(refined.values()),
                addresses,
                records.stream().mapToDouble(SweepRecord::seconds).sum());
    }

    private Optional<Symbol> function(long address) {
        return Optional.ofNullable(functions.floorEntry(address))
                .map(Map.Entry::getValue)
                .filter(function -> Long.compareUnsigned(address - function.address(), function.size()) < 0);
    }

    private Map<Long, List<Disassembler.Instruction>> code() {
        Map<Long, List<Disassembler.Instruction>> all = new HashMap<>();
        code.forEach((function, texts) -> all.put(
                function,
                texts.entrySet().stream()
                        .map(each -> new Disassembler.Instruction(each.getKey(), each.getValue()))
                        .toList()));
        return all;
    }
}
