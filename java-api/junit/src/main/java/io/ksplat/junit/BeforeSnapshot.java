// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a method that prepares the machine for the experiment. If the test method is repeated, the machine is frozen
 * after this method and every attempt starts from there, so the method runs once for many attempts. Otherwise it runs
 * before the test method, after the programs are loaded.
 *
 * <p>It takes the parameters of a test method, including those of JUnit ({@link org.junit.jupiter.api.TestInfo} names
 * the case). All changes to the machine survive: attached programs, processes, maps, counters. Nothing in Java does. So
 * the class has no fields, and controls, program reports and NMIs belong in the test method. In the test method, {@link
 * io.ksplat.engine.Machine#load} returns the objects that were loaded here. The method must leave the machine sound: a
 * machine that has reported something is not frozen, and each attempt then prepares its own.
 *
 * <p>Several such methods run in the order of their names. {@link org.junit.jupiter.api.BeforeEach} still runs before
 * each attempt, after them.
 *
 * <pre>{@code
 * class WithSetUp {
 *     @BeforeSnapshot
 *     void stashTheLastReference(Machine machine, BpfObject bpf) throws IOException {
 *         GuestProcess child = machine.spawnParked(1);
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
