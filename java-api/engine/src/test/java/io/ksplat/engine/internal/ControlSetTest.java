// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.Global;
import io.ksplat.engine.ScriptedBackend;
import io.ksplat.evidence.Control;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ControlSetTest {
    private static final Path SOURCE = Path.of("src/test/resources/io/ksplat/engine/scripted.bpf.c");

    private static BpfObjectFile file;

    private final Map<String, Integer> globals = new HashMap<>(Map.of("dropped", 0, "result", 0));
    private final Map<String, Integer> otherGlobals = new HashMap<>(Map.of("dropped", 0));
    private final ControlSet controls = new ControlSet();
    private BpfObject object;
    private BpfObject other;

    @BeforeAll
    static void compile() throws Exception {
        file = BpfObjectFile.parse(
                "scripted.bpf.o", BpfCompiler.find().compile(SOURCE, List.of(), Duration.ofMinutes(2)));
    }

    @BeforeEach
    void load() {
        object = new BpfObject(file, new ScriptedBackend(1, globals));
        other = new BpfObject(file, new ScriptedBackend(2, otherGlobals));
    }

    private Global dropped() {
        return object.global("dropped");
    }

    private static Control effect(String name, long required, long observed, long most) {
        return new Control(Control.Role.EFFECT, name, required, observed, OptionalLong.of(most));
    }

    @Test
    void aCounterIsReadAnewEachTime() throws Exception {
        assertThat(controls.isEmpty()).isTrue();
        controls.add("handled", dropped(), 2);
        assertThat(controls.isEmpty()).isFalse();

        globals.put("dropped", 1);
        assertThat(controls.read()).containsExactly(Control.effect("handled", 2, 1));
        globals.put("dropped", 2);
        assertThat(controls.read()).containsExactly(Control.effect("handled", 2, 2));
    }

    /** A run is watched longer for what may come late. */
    @Test
    void onlyACounterWithALargestCountIsBounded() throws Exception {
        controls.add("handled", dropped(), 1);
        assertThat(controls.isBounded()).isFalse();
        controls.add("refused", object.global("result"), 1, 3);
        assertThat(controls.isBounded()).isTrue();

        globals.put("result", 4);
        assertThat(controls.read()).containsExactly(Control.effect("handled", 1, 0), effect("refused", 1, 4, 3));
    }

    @Test
    void aControlThatNothingPassesIsRefused() {
        assertThatThrownBy(() -> controls.add("refused", dropped(), 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the control refused can never pass: 2 or more, and at most 1");
        assertThatThrownBy(() -> controls.add("refused", dropped(), -1, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> controls.add("took", dropped(), Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(controls.isEmpty()).isTrue();
        assertThat(controls.longest()).isZero();
    }

    @Test
    void aCountMayHaveToBeExactAndZero() throws Exception {
        controls.add("none", dropped(), 0, 0);
        controls.add("three", object.global("result"), 3, 3);
        globals.put("result", 3);
        assertThat(controls.read()).containsExactly(effect("none", 0, 0, 0), effect("three", 3, 3, 3));
    }

    /** A CPU may be busy for as long as the longest of them. */
    @Test
    void theLongestTimeIsThatOfAllCounters() throws Exception {
        controls.add("handled", dropped(), 1);
        assertThat(controls.longest()).isZero();
        controls.add("first", dropped(), Duration.ofMillis(10));
        controls.add("shorter", dropped(), Duration.ofMillis(5));
        assertThat(controls.longest()).isEqualTo(Duration.ofMillis(10));
        controls.add("longer", dropped(), Duration.ofMillis(20));
        assertThat(controls.longest()).isEqualTo(Duration.ofMillis(20));
        assertThat(controls.read()).contains(effect("shorter", 0, 0, 5_000_000));
    }

    @Test
    void whatAnObjectCountedIsKeptWhenItIsUnloaded() throws Exception {
        controls.add("dropped", dropped(), 1);
        controls.add("other", other.global("dropped"), 1);
        globals.put("dropped", 7);
        otherGlobals.put("dropped", 1);

        controls.keep(object);
        object.close();
        globals.put("dropped", 0);
        otherGlobals.put("dropped", 2);

        assertThat(controls.read()).containsExactly(Control.effect("dropped", 1, 7), Control.effect("other", 1, 2));
    }

    /** An object that is freed is freed later; a count that must stay at zero, or is kept, moves no more. */
    @Test
    void onlyWhatAnNmiMovesItselfHasAPosition() throws Exception {
        controls.add("dropped", dropped(), 2);
        controls.add("freed:delayed_put_task_struct", dropped(), 1);
        controls.add("late", dropped(), 0, 3);
        controls.add("unloaded", other.global("dropped"), 1);
        controls.keep(other);

        assertThat(controls.positions())
                .containsExactly(new ControlSet.Position("dropped", 2, dropped().physicalAddress(), Integer.BYTES));
    }
}
