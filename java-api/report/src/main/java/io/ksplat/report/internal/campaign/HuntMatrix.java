// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.report.internal.page.Words;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.HuntRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The hunts of a report: operations by kernels.
 *
 * @param left how many operations have no row
 */
public record HuntMatrix(List<String> kernels, List<Row> rows, int left) {
    private static final int MOST_ROWS = 1500;
    private static final int MOST_KERNELS = 40;

    public HuntMatrix {
        kernels = List.copyOf(kernels);
        rows = List.copyOf(rows);
    }

    /** An operation, and a cell for each kernel; the answer of a cell is empty if it was not tried there. */
    public record Row(String name, List<Cell> cells) {
        public Row {
            cells = List.copyOf(cells);
        }
    }

    public record Cell(String answer, int findings, String href) {
        static final Cell NONE = new Cell("", 0, "");
    }

    private record Key(String name, String mode) {}

    /** Joins the hunts of a report; no rows if there are none. */
    public static HuntMatrix of(List<CampaignFiles.Stored> campaigns) {
        List<String> kernels = new ArrayList<>();
        Map<Key, Map<Integer, Cell>> cells = new LinkedHashMap<>();
        for (CampaignFiles.Stored stored : campaigns) {
            if (stored.record() instanceof HuntRecord hunt
                    && (kernels.contains(hunt.kernel()) || kernels.size() < MOST_KERNELS)) {
                if (!kernels.contains(hunt.kernel())) {
                    kernels.add(hunt.kernel());
                }
                int column = kernels.indexOf(hunt.kernel());
                for (int i = 0; i < hunt.operations().size(); i++) {
                    HuntRecord.Operation each = hunt.operations().get(i);
                    cells.computeIfAbsent(new Key(each.name(), each.mode()), key -> new LinkedHashMap<>())
                            .put(
                                    column,
                                    new Cell(
                                            each.answer(),
                                            each.findings().size(),
                                            Words.href(stored.page()) + "#" + HuntPage.id(i)));
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        cells.forEach((key, answers) -> {
            if (rows.size() < MOST_ROWS) {
                List<Cell> row = new ArrayList<>();
                for (int i = 0; i < kernels.size(); i++) {
                    row.add(answers.getOrDefault(i, Cell.NONE));
                }
                rows.add(new Row(key.mode().equals(HuntRecord.NMI) ? key.name() : key.name() + ", " + key.mode(), row));
            }
        });
        return new HuntMatrix(kernels, rows, cells.size() - rows.size());
    }
}
