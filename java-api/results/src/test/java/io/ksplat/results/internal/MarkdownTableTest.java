// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class MarkdownTableTest {
    private static final String OLD = run("b", "debian:6.1", "UNSUPPORTED", "UNSUPPORTED", """
            ,"message":"6.1.0 has no kfunc x"
            """);
    private static final String DEAD = run("b", "debian:7.2", "DEADLOCK", "DEADLOCK", """
            ,"because":"it waits","evidence":[{"locks":[{"name":"pool->lock"},{"name":"0xffff"}]}]
            """);

    private static String run(String id, String kernel, String verdict, String expected, String more) {
        return """
                {"reproducer":"%s","kernel":{"spec":"%s","release":"6.1.0"},"verdict":"%s","expected":"%s"%s}
                """.formatted(id, kernel, verdict, expected, more);
    }

    private static JsonNode results(String... runs) throws IOException {
        return new ObjectMapper().readTree("{\"runs\":[" + String.join(",", runs) + "]}");
    }

    @Test
    void hasARowForEachReproducerAndTheReasonsBelow() throws IOException {
        String table = MarkdownTable.of(List.of(
                results(OLD, DEAD, run("a", "debian:7.2", "DEADLOCK", "DEADLOCK", ",\"because\":\"it waits\""))));

        assertThat(table).isEqualTo("""
                | id | lock at stake | debian:6.1 | debian:7.2 |
                |---|---|---|---|
                | `a` |  |  | DEADLOCK <sup>1</sup> |
                | `b` | `pool->lock` | UNSUPPORTED <sup>2</sup> | DEADLOCK <sup>1</sup> |

                1. it waits
                2. the kernel has no kfunc x
                """);
    }

    @Test
    void saysWhatWasExpectedInstead() throws IOException {
        assertThat(MarkdownTable.of(List.of(results(
                        run("a", "debian:7.2", "CLEAN", "DEADLOCK", ""),
                        run("a", "debian:7.2", "DEADLOCK", "DEADLOCK", "")))))
                .contains("| `a` |  | 1 CLEAN, 1 DEADLOCK **(expected DEADLOCK)** |");
    }

    @Test
    void theLaterReportCounts() throws IOException {
        assertThat(MarkdownTable.of(
                        List.of(results(run("b", "debian:7.2", "CLEAN", "DEADLOCK", ""), OLD), results(DEAD))))
                .contains("| `b` | `pool->lock` | DEADLOCK <sup>1</sup> | UNSUPPORTED <sup>2</sup> |")
                .doesNotContain("CLEAN");
    }
}
