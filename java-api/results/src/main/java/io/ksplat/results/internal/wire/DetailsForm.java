// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import static io.ksplat.results.internal.wire.EvidenceForm.FRAME;
import static io.ksplat.results.internal.wire.EvidenceForm.LOCK;
import static io.ksplat.results.internal.wire.EvidenceForm.TASK;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.HeldLock;
import java.util.List;
import java.util.Map;

/** {@link Details} as JSON: the field {@code is} names the kind of report. */
final class DetailsForm {
    private static final Form<HeldLock> HELD = f -> new HeldLock(
            f.object("lock", LOCK, HeldLock::lock),
            f.text("usage", HeldLock::usage),
            f.optionalText("waitType", HeldLock::waitType),
            f.optionalText("at", HeldLock::at));

    private static final Form<Details.Dependency> DEPENDENCY = f -> new Details.Dependency(
            f.object("lock", HELD, Details.Dependency::lock), f.list("frames", FRAME, Details.Dependency::frames));

    private static final Form<Details.Usage> USAGE =
            f -> new Details.Usage(f.text("before", Details.Usage::before), f.text("now", Details.Usage::now));

    private static final Form<Details.Step> STEP =
            f -> new Details.Step(f.number("column", Details.Step::column), f.text("action", Details.Step::action));

    private static final Form<Details.Locks> LOCKS = f -> new Details.Locks(
            f.optionalObject("task", TASK, Details.Locks::task),
            f.list("wanted", HELD, Details.Locks::wanted),
            f.list("held", HELD, Details.Locks::held),
            f.list("chain", DEPENDENCY, Details.Locks::chain),
            f.optionalObject("usage", USAGE, Details.Locks::usage),
            f.optionalText("registeredAt", Details.Locks::registeredAt),
            f.list("scenario", STEP, Details.Locks::scenario));

    private static final Form<Details.Stall> STALL = f -> new Details.Stall(
            f.list("cpus", Values.INT, Details.Stall::cpus),
            f.optionalInt("detectedBy", Details.Stall::detectedBy),
            f.optionalDouble("seconds", Details.Stall::seconds),
            f.optionalDouble("jiffies", Details.Stall::jiffies),
            f.list("tasks", TASK, Details.Stall::tasks));

    private static final Form<Details.Blocker> BLOCKER = f -> new Details.Blocker(
            f.text("on", Details.Blocker::on), f.optionalObject("owner", TASK, Details.Blocker::owner));

    private static final Form<Details.Hang> HANG = f -> new Details.Hang(
            f.object("task", TASK, Details.Hang::task),
            f.bigNumber("seconds", Details.Hang::seconds),
            f.optionalObject("blocker", BLOCKER, Details.Hang::blocker));

    private static final Form<Details.Spinlock> SPINLOCK = f -> new Details.Spinlock(
            f.text("problem", Details.Spinlock::problem),
            f.optionalInt("cpu", Details.Spinlock::cpu),
            f.optionalObject("task", TASK, Details.Spinlock::task),
            f.optionalText("magic", Details.Spinlock::magic),
            f.optionalObject("owner", TASK, Details.Spinlock::owner),
            f.optionalInt("ownerCpu", Details.Spinlock::ownerCpu));

    private static final Form<Details.Access> ACCESS = f -> new Details.Access(
            f.text("access", Details.Access::access),
            f.optionalInt("size", Details.Access::size),
            f.optionalText("address", Details.Access::address),
            f.optionalObject("task", TASK, Details.Access::task),
            f.optionalText("cache", Details.Access::cache));

    private static final Form<Details.Fault> FAULT = f -> new Details.Fault(
            f.orElse("registers", Values.map(), Map::of, Details.Fault::registers),
            f.optionalObject("task", TASK, Details.Fault::task),
            f.optionalText("code", Details.Fault::code));

    private static final Form<Details.Owner> OWNER = f -> new Details.Owner(
            f.text("context", Details.Owner::context),
            f.optionalInt("cpu", Details.Owner::cpu),
            f.optionalObject("task", TASK, Details.Owner::task),
            f.text("because", Details.Owner::because),
            f.unless(false, "inferred", Values.FLAG, Details.Owner::inferred));

    private static final Form<Details.Wait> WAIT = f -> new Details.Wait(
            f.optionalInt("cpu", Details.Wait::cpu),
            f.optionalObject("task", TASK, Details.Wait::task),
            f.text("context", Details.Wait::context),
            f.object("lock", LOCK, Details.Wait::lock),
            f.required("word", Values.HEX, Details.Wait::word),
            f.optionalInt("tail", Details.Wait::tail),
            f.optionalObject("owner", OWNER, Details.Wait::owner));

    private static final Form<Details.Holding> HOLDING = f -> new Details.Holding(
            f.object("task", TASK, Details.Holding::task), f.list("locks", HELD, Details.Holding::locks));

    private static final Form<Details.Waits> WAITS = f -> new Details.Waits(
            f.list("waits", WAIT, Details.Waits::waits), f.list("holding", HOLDING, Details.Waits::holding));

    private static final Form<Details.Panic> PANIC = f -> new Details.Panic(f.text("cause", Details.Panic::cause));

    private static final Form<Details.Stream> STREAM = f -> new Details.Stream(
            f.text("error", Details.Stream::error),
            f.optionalText("attempted", Details.Stream::attempted),
            f.list("held", Values.TEXT, Details.Stream::held),
            f.optionalObject("task", TASK, Details.Stream::task));

    static final Value<Details> DETAILS = Variant.oneOf(List.of(
            new Variant<>("locks", Details.Locks.class, LOCKS),
            new Variant<>("stall", Details.Stall.class, STALL),
            new Variant<>("hang", Details.Hang.class, HANG),
            new Variant<>("spinlock", Details.Spinlock.class, SPINLOCK),
            new Variant<>("access", Details.Access.class, ACCESS),
            new Variant<>("fault", Details.Fault.class, FAULT),
            new Variant<>("waits", Details.Waits.class, WAITS),
            new Variant<>("panic", Details.Panic.class, PANIC),
            new Variant<>("stream", Details.Stream.class, STREAM),
            new Variant<>("none", Details.None.class, f -> new Details.None())));

    private DetailsForm() {}
}
