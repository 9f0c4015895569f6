// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.ksplat.engine.Catalogue;
import io.ksplat.junit.internal.ReproducerCatalogue;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "list",
        description = "Lists the reproducers of the catalogue, or those of a folder.",
        mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "A folder: its files of all kinds, and their cases.")
    private @Nullable Path folder;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        if (folder != null) {
            FolderList found = FolderList.of(folder);
            out.print(json ? found.json() + "\n" : found.text());
        } else if (json) {
            ObjectMapper mapper = new ObjectMapper();
            ArrayNode all = mapper.createArrayNode();
            for (Catalogue.Entry entry : ReproducerCatalogue.load().entries()) {
                all.addObject()
                        .put("id", entry.id())
                        .put("shows", entry.shows())
                        .put("seed", entry.seed());
            }
            out.println(mapper.writeValueAsString(all));
        } else {
            for (Catalogue.Entry entry : ReproducerCatalogue.load().entries()) {
                out.printf("%-20s %s%n%-20s   (%s)%n", entry.id(), entry.shows(), "", entry.seed());
            }
        }
        out.flush();
        return Exit.EXPECTED;
    }
}
