// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

/** An entry of a catalogue, how it is run, and the session that it is run in. */
public record RunRequest(Session session, Catalogue.Entry entry, RunSettings settings) {}
