// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.junit.KernelTest;
import io.ksplat.junit.KernelTest.MachinePer;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.parallel.ResourceLocksProvider;

/** Where tests run in parallel, those that share a machine take turns. */
public final class MachineLock implements ResourceLocksProvider {
    @Override
    public Set<Lock> provideForMethod(List<Class<?>> enclosingInstanceTypes, Class<?> testClass, Method testMethod) {
        KernelTest test = testClass.getAnnotation(KernelTest.class);
        return test != null && test.machine() == MachinePer.CLASS
                ? Set.of(new Lock("io.ksplat.machine:" + testClass.getName()))
                : Set.of();
    }
}
