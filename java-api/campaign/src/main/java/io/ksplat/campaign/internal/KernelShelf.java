// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Lists as text the kernels in the cache, and those that can be fetched or built. */
public final class KernelShelf {
    private final Cache cache = Cache.standard();
    private final Kernels kernels = new Kernels(cache);

    /** Lists the kernels in the cache. */
    public String cached() throws KernelException {
        StringBuilder text = new StringBuilder("In " + cache.root() + ":\n");
        for (Cache.Entry entry : kernels.cached()) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %-50s %8.1f MB  %s, used %s%n",
                    entry.key(),
                    entry.bytes() / 1e6,
                    entry.kind(),
                    entry.lastUsed().toString().substring(0, 10)));
        }
        return text.toString();
    }

    /** Lists the kernels of the mirror that can be fetched or built. */
    public String available(Progress progress) throws KernelException, InterruptedException {
        StringBuilder text = new StringBuilder("Can be fetched:\n");
        List<Kernels.Available> available = kernels.available(progress);
        List<String> buildable = kernels.buildable(progress);
        for (Kernels.Available kernel : available) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %-30s %8.1f MB  %s%n",
                    kernel.spec(),
                    kernel.bytes() / 1e6,
                    kernel.release() + " (" + kernel.suite() + ")"));
        }
        text.append("Can be built:\n");
        String profiles = String.join(", ", kernels.profileNames());
        buildable.forEach(version -> text.append("  source:")
                .append(version)
                .append("+PROFILE, PROFILE one of ")
                .append(profiles)
                .append('\n'));
        return text.toString();
    }

    /** Fetches or builds a kernel, and returns a line that says which it is. */
    public String get(String spec, Progress progress) throws KernelException, InterruptedException {
        Kernel kernel = kernels.resolve(KernelSpec.parse(spec), progress);
        return spec + ": " + kernel.release();
    }

    /** Removes a kernel from the cache; returns false if there is none. */
    public boolean remove(String key) throws KernelException, InterruptedException {
        return kernels.remove(key);
    }

    /** Removes kernels that were not used for {@code days} days, and lists them. */
    public String prune(int days) throws KernelException, InterruptedException {
        StringBuilder text = new StringBuilder();
        for (Cache.Entry entry : kernels.prune(Duration.ofDays(days))) {
            text.append(String.format(Locale.ROOT, "removed %s (%.1f MB)%n", entry.key(), entry.bytes() / 1e6));
        }
        return text.toString();
    }
}
