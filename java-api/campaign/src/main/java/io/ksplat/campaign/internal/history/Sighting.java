// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

/**
 * A signature that a run showed.
 *
 * @param run the id of the run
 */
public record Sighting(String run, String signature, String kind, String title) {}
