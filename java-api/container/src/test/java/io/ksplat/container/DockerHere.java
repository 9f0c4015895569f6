// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container;

import io.ksplat.container.internal.ContainerSite;
import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs a test if a Docker daemon has the image that KSPLAT_IMAGE names. Otherwise skips it with the reason, and fails
 * in CI.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(DockerHere.Condition.class)
@interface DockerHere {
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            try {
                ContainerSite.of(KernelContainers.image());
                return ConditionEvaluationResult.enabled("there is Docker");
            } catch (IOException e) {
                String why = context.getDisplayName() + " is skipped: " + e.getMessage();
                if (!System.getenv().getOrDefault("KSPLAT_CI", "").isEmpty()
                        || !System.getenv().getOrDefault("CI", "").isEmpty()) {
                    throw new IllegalStateException("in CI nothing may be skipped: " + why, e);
                }
                System.err.println(why);
                return ConditionEvaluationResult.disabled(why);
            }
        }
    }
}
