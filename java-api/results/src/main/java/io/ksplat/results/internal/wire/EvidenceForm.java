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

/** {@link Evidence} as JSON. */
final class EvidenceForm {
    private static final Value<EvidenceKind> KIND = Values.word(EvidenceKind.class, EvidenceKind::id);
    private static final Value<Source> SOURCE = Values.word(Source.class, Source::id);

    static final Form<Task> TASK = f -> new Task(f.text("comm", Task::comm), f.number("pid", Task::pid));

    static final Form<LockRef> LOCK = f -> new LockRef(
            f.text("name", LockRef::name),
            f.optionalText("address", LockRef::address),
            f.optionalText("class", LockRef::lockClass));

    private static final Form<CycleNode> NODE = f -> new CycleNode(
            f.text("context", CycleNode::context),
            f.optionalInt("cpu", CycleNode::cpu),
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
            f.list("frames", FRAME, Stack::frames));

    static final Form<Evidence> EVIDENCE = f -> new Evidence(
            f.required("kind", KIND, Evidence::kind),
            f.text("title", Evidence::title),
            f.text("signature", Evidence::signature),
            f.list("locks", LOCK, Evidence::locks),
            f.list("cycle", NODE, Evidence::cycle),
            f.list("stacks", STACK, Evidence::stacks),
            f.required("source", SOURCE, Evidence::source),
            f.optionalDouble("guestSeconds", Evidence::guestSeconds),
            f.unless(new Details.None(), "details", DetailsForm.DETAILS, Evidence::details));

    private EvidenceForm() {}
}
