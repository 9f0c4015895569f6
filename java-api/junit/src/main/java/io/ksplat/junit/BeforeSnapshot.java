// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A method that brings the machine to where the experiment begins. Where a test method is repeated, the machine is frozen after it, and
 * every attempt goes on from there: it runs once for many attempts. Where it is not, it runs before the test method, after the
 * programs are loaded.
 *
 * <p>Its parameters are those of a test method, JUnit's own among them ({@link org.junit.jupiter.api.TestInfo} tells the case). All that
 * it does to the machine survives: programs attached, processes, maps, counters. Nothing in Java does, so the class has no fields, and
 * controls, program reports and NMIs belong into the test method; an object that it loads is what {@link io.ksplat.engine.Machine#load} gives there. It
 * leaves the machine sound: one that has reported something is not frozen, and each attempt then prepares its own.
 *
 * <p>Several run in the order of their names. {@link org.junit.jupiter.api.BeforeEach} still runs before each attempt, after these.
 *
 * <pre>{@code
 * class WithSetUp {
 *     @BeforeSnapshot
 *     void stashTheLastReference(Machine machine, BpfObject bpf) throws IOException {
 *         Child child = machine.spawnParked(1);
 *         bpf.global("target_pid").set(child.pid());
 *         bpf.program("stash_task").run();
 *         child.exitAndReap();
 *     }
 * }
 * }</pre>
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface BeforeSnapshot {}
