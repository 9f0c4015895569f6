// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import java.util.List;

/** {@link Evidence} as JSON. */
final class EvidenceForm {
    private static final Value<EvidenceKind> KIND = Values.word(EvidenceKind.class, EvidenceKind::id);
    private static final Value<Source> SOURCE = Values.word(Source.class, Source::id);
    private static final Value<Evidence.Role> ROLE = Values.word(Evidence.Role.class, Evidence.Role::id);
    private static final Value<LockRef.How> HOW = Values.word(LockRef.How.class, LockRef.How::id);

    static final Form<Task> TASK = f -> new Task(f.text("comm", Task::comm), f.number("pid", Task::pid));

    private static final Form<LockRef.Owner> OWNER = f -> new LockRef.Owner(
            f.optionalObject("task", TASK, LockRef.Owner::task),
            f.optionalInt("cpu", LockRef.Owner::cpu),
            f.optionalText("context", LockRef.Owner::context),
            f.required("how", HOW, LockRef.Owner::how),
            f.text("because", LockRef.Owner::because));

    static final Form<LockRef> LOCK = f -> new LockRef(
            f.text("name", LockRef::name),
            f.optionalText("address", LockRef::address),
            f.optionalText("class", LockRef::lockClass),
            f.optionalHex("value", LockRef::value),
            f.optionalText("heldAt", LockRef::heldAt),
            f.optionalText("wantedAt", LockRef::wantedAt),
            f.optionalObject("owner", OWNER, LockRef::owner));

    private static final Form<CycleNode> NODE = f -> new CycleNode(
            f.text("context", CycleNode::context),
            f.optionalInt("cpu", CycleNode::cpu),
            f.optionalObject("task", TASK, CycleNode::task),
            f.text("holds", CycleNode::holds),
            f.text("waitsFor", CycleNode::waitsFor),
            f.unless(false, "inferred", Values.FLAG, CycleNode::inferred));

    static final Form<Frame> FRAME = f -> new Frame(
            f.text("function", Frame::function),
            f.optionalLong("offset", Frame::offset),
            f.optionalText("file", Frame::file),
            f.optionalInt("line", Frame::line),
            f.flag("inlined", Frame::inlined),
            f.flag("certain", Frame::certain),
            f.unless(false, "pointer", Values.FLAG, Frame::pointer));

    private static final Form<Stack> STACK = f -> new Stack(
            f.optionalInt("cpu", Stack::cpu),
            f.text("context", Stack::context),
            f.optionalObject("task", TASK, Stack::task),
            f.list("frames", FRAME, Stack::frames));

    /** Schema 1 has no type and no count. */
    static final Form<Evidence> EVIDENCE = f -> {
        EvidenceKind kind = f.required("kind", KIND, Evidence::kind);
        return new Evidence(
                kind,
                f.text("title", Evidence::title),
                f.text("signature", Evidence::signature),
                f.optionalText("function", Evidence::function),
                f.orElse("type", Values.TEXT, kind::type, Evidence::type),
                f.optionalInt("cpu", Evidence::cpu),
                f.optionalObject("task", TASK, Evidence::task),
                f.optionalDouble("seconds", Evidence::seconds),
                f.optionalLong("line", Evidence::line),
                f.orElse("count", Values.INT, () -> 1, Evidence::count),
                f.optionalText("incident", Evidence::incident),
                f.optional("role", ROLE, Evidence::role),
                f.list("locks", LOCK, Evidence::locks),
                f.list("cycle", NODE, Evidence::cycle),
                f.list("stacks", STACK, Evidence::stacks),
                f.required("source", SOURCE, Evidence::source),
                f.optionalDouble("guestSeconds", Evidence::guestSeconds),
                f.optionalText("wallTime", Evidence::wallTime),
                f.optionalInt("preemptCount", Evidence::preemptCount),
                f.unless(List.of(), "inFlight", Values.list(Values.TEXT), Evidence::inFlight),
                f.unless(List.of(), "blocked", Values.list(Values.object(TASK)), Evidence::blocked),
                f.unless(new Details.None(), "details", DetailsForm.DETAILS, Evidence::details));
    };

    private EvidenceForm() {}
}
