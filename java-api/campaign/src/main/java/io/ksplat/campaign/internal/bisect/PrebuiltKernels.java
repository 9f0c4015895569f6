// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.kernel.BadSpecException;
import io.ksplat.kernel.KernelSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The prebuilt kernels from one to another, series by series, the oldest first. A series' releases branch off the trunk where the
 * series begins, and get what is backported to them: the first of each is nearest to the trunk.
 *
 * @param series each with its releases in order; the first series begins with the older end, the last one ends with the newer end
 */
public record PrebuiltKernels(List<List<KernelSpec.Debian>> series) {
    private static final Pattern SERIES = Pattern.compile("(\\d+\\.\\d+).*");

    public PrebuiltKernels {
        series = series.stream().map(List::copyOf).toList();
    }

    /**
     * Those between two kernels, both of them included.
     *
     * @param available what there is, the newest first
     * @throws BadSpecException where an end is no prebuilt kernel, or the older one is not older
     */
    public static PrebuiltKernels between(List<KernelSpec> available, KernelSpec older, KernelSpec newer) {
        List<KernelSpec.Debian> all = new ArrayList<>(available.stream()
                .filter(KernelSpec.Debian.class::isInstance)
                .map(KernelSpec.Debian.class::cast)
                .collect(Collectors.toCollection(LinkedHashSet::new)));
        int from = all.indexOf(find(all, older));
        int to = all.indexOf(find(all, newer));
        if (from <= to) {
            throw new BadSpecException(
                    older + " is not older than " + newer
                            + ": a cause is looked for from an older good kernel on, a cure (--find cure) from an older bad one");
        }
        Map<String, List<KernelSpec.Debian>> bySeries = new LinkedHashMap<>();
        for (int i = from; i >= to; i--) {
            bySeries.computeIfAbsent(series(all.get(i)), name -> new ArrayList<>())
                    .add(all.get(i));
        }
        return new PrebuiltKernels(List.copyOf(bySeries.values()));
    }

    private static KernelSpec.Debian find(List<KernelSpec.Debian> all, KernelSpec spec) {
        if (!(spec instanceof KernelSpec.Debian asked)) {
            throw new BadSpecException(spec + " is no prebuilt kernel: without --tree both ends are debian:VERSION");
        }
        return all.stream()
                .filter(kernel -> kernel.version().equals(asked.version())
                        || kernel.version().startsWith(asked.version() + ".")
                        || kernel.version().startsWith(asked.version() + "~"))
                .findFirst()
                .orElseThrow(() -> new BadSpecException("there is no kernel " + spec + "; the series are "
                        + all.stream().map(PrebuiltKernels::series).distinct().collect(Collectors.joining(", "))));
    }

    static String series(KernelSpec.Debian kernel) {
        Matcher m = SERIES.matcher(kernel.version());
        return m.matches() ? m.group(1) : kernel.version();
    }

    public KernelSpec.Debian oldest() {
        return series.get(0).get(0);
    }

    public KernelSpec.Debian newest() {
        List<KernelSpec.Debian> last = series.get(series.size() - 1);
        return last.get(last.size() - 1);
    }

    public int count() {
        return series.stream().mapToInt(List::size).sum();
    }
}
