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
 * The prebuilt kernels between two kernels, by series, the oldest first. The releases of a series branch off the trunk
 * at its first release and get backports, so the first release of each series is nearest to the trunk.
 *
 * @param series the releases of each series, in order; the first series begins with the older end, the last ends with
 *     the newer end
 */
public record PrebuiltKernels(List<List<KernelSpec.Debian>> series) {
    private static final Pattern SERIES = Pattern.compile("(\\d+\\.\\d+).*");

    public PrebuiltKernels {
        series = series.stream().map(List::copyOf).toList();
    }

    /**
     * Returns the kernels between two kernels, both included.
     *
     * @param available the available kernels, the newest first
     * @throws BadSpecException if an end is not a prebuilt kernel, or the older one is not older
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
                            + ": a search for the cause starts at an older good kernel, one for the cure (--find cure) at an older bad one");
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
            throw new BadSpecException(spec + " is not a prebuilt kernel: without --tree both ends are debian:VERSION");
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
