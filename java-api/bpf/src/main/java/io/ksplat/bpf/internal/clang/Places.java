// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.clang;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The folders of a compilation under names that stay the same when the folders lie elsewhere. */
public final class Places {
    private record Place(String name, Path folder) {}

    private final List<Place> places = new ArrayList<>();

    /** Names the folder of a source, and those that its headers are searched in. */
    public Places(Path source, List<Path> includeDirs) {
        places.add(new Place("<source>", folder(source.toAbsolutePath().resolveSibling(""))));
        for (int i = 0; i < includeDirs.size(); i++) {
            places.add(new Place("<include " + i + ">", folder(includeDirs.get(i))));
        }
        // The innermost folder names a file.
        places.sort(Comparator.comparing((Place place) -> place.folder.getNameCount())
                .reversed());
    }

    private static Path folder(Path path) {
        return path.toAbsolutePath().normalize();
    }

    /** Returns a text with the names in the place of the folders. */
    public String named(String text) {
        String named = text;
        for (Place place : places) {
            named = named.replace(place.folder.toString(), place.name);
        }
        return named;
    }

    /** Returns the name of a file. */
    public String named(Path file) {
        Path absolute = folder(file);
        for (Place place : places) {
            if (absolute.startsWith(place.folder)) {
                return place.name + "/" + place.folder.relativize(absolute);
            }
        }
        return absolute.toString();
    }

    /** Returns the file with a name. */
    public Path file(String name) {
        for (Place place : places) {
            if (name.startsWith(place.name + "/")) {
                return place.folder.resolve(name.substring(place.name.length() + 1));
            }
        }
        return Path.of(name);
    }
}
